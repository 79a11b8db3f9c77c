"""Blobs in a folder: one folder for each eval below it."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ..errors import ClaimError, LogWriteError
from ..logs.atomic import AtomicFile
from .key import BlobKey
from .place import Blob, UnfitBlobError

__all__ = ["FolderPlace"]


class FolderPlace:
    """A `BlobPlace` in a folder, which is made when the first blob is written.

    Examples
    --------
    >>> import tempfile
    >>> place = FolderPlace(Path(tempfile.mkdtemp()) / "blobs")
    >>> key = BlobKey.of("e", b"body")
    >>> place.write(key, b"packed")
    >>> place.read(key, 100), [blob.size for blob in place.blobs()]
    (b'packed', [6])
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return str(self._folder)

    def write(self, key: BlobKey, data: bytes) -> None:
        for last in (False, True):
            self._make(self._folder / key.eval)
            try:
                with AtomicFile(self._path(key)) as file:
                    file.write(data)
                    file.commit()
            except LogWriteError as error:
                cause = error.cause or OSError(errno.EIO, str(error))
                # Who prunes may have removed the folder, empty as it was, since we made it.
                if last or cause.errno != errno.ENOENT:
                    raise cause from error
            else:
                return

    def read(self, key: BlobKey, most: int) -> bytes:
        # Neither a link that leads elsewhere, nor a pipe that one would wait on for ever.
        fd = os.open(self._path(key), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(fd, "rb") as file:  # noqa: PTH123 (a descriptor)
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise UnfitBlobError("it is no file")
            if found.st_size > most:
                raise UnfitBlobError(f"it has {found.st_size} bytes, more than {most}")
            return file.read()

    def blobs(self) -> Iterator[Blob]:
        with contextlib.suppress(FileNotFoundError):
            for folder in sorted(self._folder.iterdir()):
                # What is no blob, and what vanishes meanwhile, is passed over.
                with contextlib.suppress(NotADirectoryError, FileNotFoundError):
                    for path in sorted(folder.iterdir()):
                        with contextlib.suppress(ClaimError, FileNotFoundError):
                            key = BlobKey.parse(f"{folder.name}/{path.name}")
                            found = path.lstat()
                            yield Blob(key, found.st_size, found.st_mtime)

    def written(self, key: BlobKey) -> float | None:
        return self._path(key).lstat().st_mtime

    def delete(self, key: BlobKey) -> None:
        path = self._path(key)
        path.unlink(missing_ok=True)
        # What a killed publisher has left in the folder of an eval that is gone; then the folder itself.
        with contextlib.suppress(OSError):
            if all(other.name.startswith(".evalstream-") for other in path.parent.iterdir()):
                for other in path.parent.iterdir():
                    other.unlink()
                path.parent.rmdir()

    def _path(self, key: BlobKey) -> Path:
        return self._folder / str(key)

    def _make(self, folder: Path) -> None:
        if folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        # `AtomicFile` flushes the folder that a blob is in; that folder's own entry is in the one above.
        with contextlib.suppress(OSError):
            fd = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
