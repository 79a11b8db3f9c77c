"""A folder of its own for one sample, restored from a snapshot; links that commands make in it lead nowhere."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from .errors import OutputLimitExceededError
from .limits import in_words, most_read
from .snapshot import Snapshot

__all__ = ["Workspace", "read_beneath"]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Workspace:
    """A temporary folder.

    A command may leave a link in it that points at a file of this machine (in a container it sees none of those). So
    no link is followed, neither by reading nor by writing.

    Parameters
    ----------
    snapshot
        What it begins with.

    Raises
    ------
    OutputLimitExceededError
        A file of the snapshot is too large; without it commands could find something else than they should.
    OSError
        The folder cannot be written.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="evalstream-sandbox-"))
        try:
            for path, file in snapshot.files.items():
                self.write(tuple(path.split("/")), file.content(), file.executable)
        except BaseException:
            self.close()
            raise

    def read(self, parts: tuple[str, ...]) -> bytes:
        """Return a file's content; raises as `read_beneath` does."""
        return read_beneath(self.path, parts, most_read())

    def write(self, parts: tuple[str, ...], data: bytes, executable: bool = False) -> None:
        """Write a file, and the folders above it; IsADirectoryError, NotADirectoryError or PermissionError."""
        if not parts:
            raise IsADirectoryError("The sandbox's folder cannot be written as a file.")
        with contextlib.ExitStack() as stack:
            folder = _opened(stack, os.open(self.path, _FOLDER))
            for name in parts[:-1]:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(name, dir_fd=folder)
                folder = _opened(stack, _no_link(name, _FOLDER, folder))
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK
            with open(_no_link(parts[-1], flags, folder), "wb") as out:
                if executable:
                    os.fchmod(out.fileno(), 0o755)
                out.write(data)

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)


def read_beneath(root: Path, parts: tuple[str, ...], most: int) -> bytes:
    """Return the content of a regular file below a folder, without following a link.

    Raises
    ------
    FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError
        It is not there, or a folder, or no plain file, or behind a link.
    OutputLimitExceededError
        It has more bytes than ``most``.
    """
    if not parts:
        raise IsADirectoryError("The sandbox's folder cannot be read as a file.")
    with contextlib.ExitStack() as stack:
        folder = _opened(stack, os.open(root, _FOLDER))
        for name in parts[:-1]:
            folder = _opened(stack, _no_link(name, _FOLDER, folder))
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        handle = _opened(stack, _no_link(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, folder))
        kind = os.fstat(handle)
        if stat.S_ISDIR(kind.st_mode):
            raise IsADirectoryError(f"{'/'.join(parts)!r} is a folder of the sandbox.")
        if not stat.S_ISREG(kind.st_mode):
            raise PermissionError(f"{'/'.join(parts)!r} is no plain file.")
        with open(handle, "rb", closefd=False) as content:
            data = content.read(most + 1)
    if len(data) > most:
        raise OutputLimitExceededError(in_words(most))
    return data


def _opened(stack: contextlib.ExitStack, handle: int) -> int:
    stack.callback(os.close, handle)
    return handle


def _no_link(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags, 0o644, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError):
        raise
    except OSError as error:
        try:
            link = stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        except OSError:
            link = False
        if link:
            raise PermissionError(f"{name!r} is a link, and links of a sandbox are not followed.") from error
        raise
