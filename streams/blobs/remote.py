"""Blobs at an fsspec URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timezone

from ..errors import ClaimError
from ..remote import RemoteFolder
from .key import BlobKey
from .place import Blob, UnfitBlobError

__all__ = ["RemotePlace"]


class RemotePlace:
    """A `BlobPlace` at a URL.

    Parameters
    ----------
    url
        See `RemoteFolder`.

    Raises
    ------
    UsageError
        There is no file system for it, or its package is missing.

    Examples
    --------
    >>> place = RemotePlace("memory://doctest/blobs")
    >>> key = BlobKey.of("e", b"body")
    >>> place.write(key, b"packed")
    >>> place.read(key, 100), [blob.size for blob in place.blobs()]
    (b'packed', [6])
    """

    def __init__(self, url: str) -> None:
        self._folder = RemoteFolder(url, "blob_dir")

    @property
    def name(self) -> str:
        return self._folder.name

    def write(self, key: BlobKey, data: bytes) -> None:
        fs, root = self._folder.open()
        path = f"{root}/{key}"
        try:
            fs.pipe_file(path, data)
        except FileNotFoundError:
            # Those that have real folders. To make them always would ask an object store for its bucket each time.
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            fs.pipe_file(path, data)

    def read(self, key: BlobKey, most: int) -> bytes:
        fs, root = self._folder.open()
        size = fs.info(f"{root}/{key}").get("size")
        if size is not None and size > most:
            raise UnfitBlobError(f"it has {size} bytes, more than {most}")
        found: bytes = fs.cat_file(f"{root}/{key}")
        return found

    def blobs(self) -> Iterator[Blob]:
        fs, root = self._folder.open()
        fs.invalidate_cache()
        try:
            found = fs.find(root, detail=True)
        except FileNotFoundError:
            return
        for path, info in sorted(found.items()):
            with contextlib.suppress(ClaimError, FileNotFoundError):
                key = BlobKey.parse("/".join(path.split("/")[-2:]))
                yield Blob(key, int(info.get("size") or 0), self.written(key))

    def written(self, key: BlobKey) -> float | None:
        fs, root = self._folder.open()
        fs.invalidate_cache()
        try:
            when: datetime = fs.modified(f"{root}/{key}")
        except (NotImplementedError, AttributeError):
            return None
        # Some say it without a zone, and mean UTC.
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()

    def delete(self, key: BlobKey) -> None:
        fs, root = self._folder.open()
        with contextlib.suppress(FileNotFoundError):
            fs.rm_file(f"{root}/{key}")
