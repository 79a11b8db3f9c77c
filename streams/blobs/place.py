"""A place for blobs, whatever it is: what folders and object stores have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from .key import BlobKey

__all__ = ["Blob", "BlobPlace", "UnfitBlobError"]


class UnfitBlobError(ValueError):
    """What lies under a blob's name is none; unlike a library's, the message holds nothing secret."""


class Blob(NamedTuple):
    """A blob that lies in a place, and when it was written: seconds since 1970; None if the place cannot say."""

    key: BlobKey
    size: int
    written: float | None


class BlobPlace(Protocol):
    """Where blobs lie; methods may be called in any thread.

    Raises
    ------
    Exception
        From any method: whatever the place's own library raises; FileNotFoundError if there is no such blob.
    """

    @property
    def name(self) -> str:
        """What people call it, without anything secret."""

    def write(self, key: BlobKey, data: bytes) -> None:
        """Keep a blob, for good on return, in place of one of that name; nobody sees a part of it."""

    def read(self, key: BlobKey, most: int) -> bytes:
        """Return a blob; UnfitBlobError if it has more than `most` bytes."""

    def blobs(self) -> Iterator[Blob]:
        """Yield what is there, without what is no blob of ours."""

    def written(self, key: BlobKey) -> float | None:
        """Return when a blob was written, as `Blob.written`."""

    def delete(self, key: BlobKey) -> None:
        """Remove a blob; nothing happens if it is gone."""
