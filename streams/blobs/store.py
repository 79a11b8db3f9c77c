"""The store of blobs as publishers and workers use it: bodies in and out, and errors in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import BlobError
from ..events import Claim
from ..remote import reason_of
from ..scoring.retries import is_transient
from .key import BlobKey, eval_digest
from .packed import MOST_BODY, most_packed, pack, unpack
from .place import BlobPlace, UnfitBlobError

__all__ = ["STORE", "BlobStore", "told"]

STORE = "blobs"
"""What claims call it, on every process."""

Result = TypeVar("Result")

# A place that says one of these says it again. Of what libraries raise besides, most is about the connection.
_FINAL = (
    FileNotFoundError, ImportError, IsADirectoryError, LookupError, NotADirectoryError, NotImplementedError,
    PermissionError, TypeError, ValueError,
)  # fmt: skip


class BlobStore:
    """Blobs of one place.

    Parameters
    ----------
    place
        Where they lie.
    most
        Bytes that a body may have.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from evalstream.streams.blobs.folder import FolderPlace
    >>> store = BlobStore(FolderPlace(Path(tempfile.mkdtemp())))
    >>> claim = store.put("my eval", b"{}")
    >>> claim.store, store.fetch(claim.key), store.owns(claim.key, "another eval")
    ('blobs', b'{}', False)
    """

    def __init__(self, place: BlobPlace, most: int = MOST_BODY) -> None:
        self._place, self.most = place, most

    @property
    def name(self) -> str:
        """What people call the place."""
        return self._place.name

    def put(self, eval_id: str, body: bytes) -> Claim:
        """Keep a sample's body; it is durable on return.

        One that is there already is written again: it is young then, and `prune` lets it be.

        Raises
        ------
        BlobError
            The place does not take it.
        """
        key = BlobKey.of(eval_id, body)
        data = pack(body)
        told(f"The blob {key} cannot be written to {self.name}", lambda: self._place.write(key, data))
        return Claim(store=STORE, key=str(key))

    def fetch(self, key: str) -> bytes:
        """Return the body that a claim of ours names.

        Raises
        ------
        ClaimError
            No blob has such a name.
        BlobError
            It is not there, or is not what its name says, or the place does not answer.
        """
        blob = BlobKey.parse(key)
        try:
            data = told(f"The blob {blob} cannot be read from {self.name}", lambda: self._read(blob))
            return unpack(data, blob.sha256, self.most)
        except UnfitBlobError as error:
            raise BlobError(
                f"The blob {blob} in {self.name} is not what was written there: {error}. Publish its log again,"
                " which writes it anew."
            ) from error

    def owns(self, key: str, eval_id: str) -> bool:
        """Tell whether a key is of an eval: what another eval has published goes when that one does."""
        return BlobKey.parse(key).eval == eval_digest(eval_id)

    def _read(self, key: BlobKey) -> bytes:
        try:
            return self._place.read(key, most_packed(self.most))
        except FileNotFoundError:
            raise BlobError(
                f"The blob {key} is not in {self.name}. It holds a sample that was too large for the broker: set"
                " blob_dir to the place that the publisher names, the same for all; if it was pruned, publish the log"
                " again."
            ) from None


def told(what: str, work: Callable[[], Result]) -> Result:
    """Return what a function of a place returns, and say in words what it raises.

    Raises
    ------
    BlobError
        ``what`` failed.
    """
    try:
        return work()
    except (BlobError, UnfitBlobError):
        raise
    except Exception as error:  # noqa: BLE001 (a file system of fsspec may raise anything)
        # Not its message, nor itself as the cause, which would be printed with it: it may hold a signed URL.
        raise BlobError(
            f"{what} ({reason_of(error)}). Check blob_dir (evalstream config), its rights and its space.",
            transient=_may_pass(error),
        ) from None


def _may_pass(error: Exception) -> bool:
    if isinstance(error, _FINAL):
        return False
    return is_transient(error) if isinstance(error, OSError) and error.errno is not None else True
