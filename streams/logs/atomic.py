"""Write a file whole or not at all: beside, then flushed to the disk, then renamed over the destination."""

from __future__ import annotations

import contextlib
import errno
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
    one file system is atomic. `abort`, or leaving the ``with`` block without `commit`, removes it.

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
        self._partial = self.path.parent / f".evalstream-{secrets.token_hex(8)}.partial"
        try:
            self._fd: int | None = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
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
