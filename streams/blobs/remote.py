"""Blobs at an fsspec URL: S3, GCS, Azure, SFTP, or whatever else there is a package for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from ..errors import ClaimError, UsageError
from ..settings.masking import masked_url
from .key import BlobKey
from .place import Blob, UnfitBlobError

__all__ = ["RemotePlace"]


class RemotePlace:
    """A `BlobPlace` at a URL. The connection is made when it is first needed.

    Parameters
    ----------
    url
        Any that fsspec has a file system for. Credentials are that file system's affair: its own variables and files.

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
        # Not at the top: a folder needs none of it.
        import fsspec  # noqa: PLC0415

        self._url = url
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None
        try:
            fsspec.get_filesystem_class(fsspec.utils.get_protocol(url))
        except ImportError as error:
            raise UsageError(
                f"The blob dir {self.name} needs a package that is not installed: {error}. Install it here, in"
                " every worker's and publisher's environment, or set blob_dir to a folder."
            ) from error
        except ValueError as error:
            raise UsageError(
                f"The blob dir {self.name} has a protocol that fsspec does not know: set blob_dir to a folder, or to a"
                " URL such as s3://bucket/folder."
            ) from error

    @property
    def name(self) -> str:
        # A query may hold a signature.
        return masked_url(self._url).partition("?")[0]

    def write(self, key: BlobKey, data: bytes) -> None:
        fs, root = self._open()
        path = f"{root}/{key}"
        try:
            fs.pipe_file(path, data)
        except FileNotFoundError:
            # Those that have real folders. To make them always would ask an object store for its bucket each time.
            fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            fs.pipe_file(path, data)

    def read(self, key: BlobKey, most: int) -> bytes:
        fs, root = self._open()
        size = fs.info(f"{root}/{key}").get("size")
        if size is not None and size > most:
            raise UnfitBlobError(f"it has {size} bytes, more than {most}")
        found: bytes = fs.cat_file(f"{root}/{key}")
        return found

    def blobs(self) -> Iterator[Blob]:
        fs, root = self._open()
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
        fs, root = self._open()
        fs.invalidate_cache()
        try:
            when: datetime = fs.modified(f"{root}/{key}")
        except (NotImplementedError, AttributeError):
            return None
        # Some say it without a zone, and mean UTC.
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()

    def delete(self, key: BlobKey) -> None:
        fs, root = self._open()
        with contextlib.suppress(FileNotFoundError):
            fs.rm_file(f"{root}/{key}")

    def _open(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                from fsspec.core import url_to_fs  # noqa: PLC0415

                fs, root = url_to_fs(self._url)
                self._opened = fs, root.rstrip("/")
            return self._opened
