"""Which blobs nobody can ask for any more: those of evals that the broker has forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ..scoring.completion import whose
from ..transport.record import Record
from .key import eval_digest
from .place import Blob, BlobPlace

__all__ = ["forgotten", "remembered", "remove"]


class _Whose(msgspec.Struct, gc=False):
    eval_id: str


_whose = msgspec.json.Decoder(_Whose)


def remembered(records: Iterable[tuple[int, Record]]) -> set[str]:
    """Return the digests of the evals that records are of.

    Parameters
    ----------
    records
        Partitions and records: all of ``completions``, which can be replayed, and all of ``dead-letters``, which can be
        requeued.
    """
    ids: set[str] = set()
    for _, record in records:
        try:
            ids.add(_whose.decode(record.value or b"").eval_id)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            ids.add(whose(record.value or b"")[0])
    return {eval_digest(eval_id) for eval_id in ids}


def forgotten(blobs: Iterable[Blob], evals: set[str], now: float, age: float) -> list[Blob]:
    """Return the blobs of other evals that are old enough.

    Parameters
    ----------
    blobs
        As they lay in their place *before* the topics were read.
    evals
        See `remembered`.
    now, age
        Seconds since 1970, and how many must have passed since a blob was written: its event comes after it. One whose
        place cannot say when it was written stays.

    Examples
    --------
    >>> from evalstream.streams.blobs.key import BlobKey
    >>> blobs = [Blob(BlobKey.of(name, b"{}"), 10, written) for name, written in (("a", 5.0), ("b", 5.0), ("b", 95.0))]
    >>> len(forgotten(blobs, {eval_digest("a")}, now=100.0, age=10.0))
    1
    """
    return [
        blob for blob in blobs if blob.key.eval not in evals and blob.written is not None and now - blob.written >= age
    ]


def remove(place: BlobPlace, blobs: Iterable[Blob]) -> Iterator[Blob]:
    """Delete blobs, those aside that were written again meanwhile: their log is being published anew."""
    for blob in blobs:
        try:
            if place.written(blob.key) != blob.written:
                continue
            place.delete(blob.key)
        except FileNotFoundError:
            continue
        yield blob
