"""Write a file whole or not at all: beside, then flushed to the disk, then renamed over the destination."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from evalstream.streams.errors import LogWriteError

__all__ = ["AtomicFile"]


class AtomicFile:
    """A file that appears at `path` when `commit` has succeeded, and never in part.

    Until then the bytes lie in a file named ``.evalstream-*.partial`` in the same folder, because only a rename within
    one file system is atomic. `abort`, or leaving the ``with`` block without `commit`, removes it; what a killed
    process leaves behind is taken over by the next one that writes to the same path.

    Raises
    ------
    LogWriteError
        From each method: no space, no permission, no such folder...

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with AtomicFile(folder / "a") as file:
    ...     file.write(b"hello")
    ...     digest = file.commit()
    >>> (folder / "a").read_bytes(), digest[:8]
    (b'hello', '2cf24dba')
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # A link stays a link: what it points to is replaced.
        self.path = Path(os.path.realpath(path))
        self.size = 0
        self._hash = hashlib.sha256()
        if self.path.is_dir():
            raise LogWriteError(path, IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)))
        try:
            self._partial, self._fd = _partial_for(self.path)
        except OSError as error:
            raise LogWriteError(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`."""
        if self._fd is None:
            raise ValueError("the file is closed")
        self._hash.update(data)
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            raise LogWriteError(self.path, error) from error
        self.size += len(data)

    def commit(self) -> str:
        """Make the file appear at its path, safe against a power cut; return the SHA-256 of its content, in hex."""
        if self._fd is None:
            raise ValueError("the file is closed")
        try:
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(self._fd, self.path.stat().st_mode & 0o7777)
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = None
            self._partial.replace(self.path)
        except OSError as error:
            self._remove()
            raise LogWriteError(self.path, error) from error
        self._flush_folder()
        return self._hash.hexdigest()

    def abort(self) -> None:
        """Remove what was written; what was at the path before is as it was. After `commit` this does nothing."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            with contextlib.suppress(OSError):
                os.close(fd)
            self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._partial.unlink(missing_ok=True)

    def _flush_folder(self) -> None:
        # The rename lives in the folder. Some file systems cannot flush folders; the log is in place all the same.
        with contextlib.suppress(OSError):
            fd = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def _partial_for(path: Path) -> tuple[Path, int | None]:
    """Open the file beside `path`, empty, and locked for as long as it is open."""
    own = (
        path.parent
        / f".evalstream-{hashlib.sha256(path.name.encode(errors='surrogateescape')).hexdigest()[:16]}.partial"
    )
    fd = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had the lock may have renamed the file since we opened it: then it is a log by now.
        if os.path.samestat(os.fstat(fd), own.lstat()):
            os.ftruncate(fd, 0)
            return own, fd
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(fd)
    another = path.parent / f".evalstream-{secrets.token_hex(8)}.partial"
    return another, os.open(another, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
