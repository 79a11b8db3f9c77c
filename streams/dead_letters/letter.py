"""One dead letter: the record as it came, and headers that say where it was and what went wrong.

The headers have the shape of KIP-1034's (Kafka Streams), under a prefix of our own. Key and value are untouched, and so
are the headers that were there, so that sending it again is a copy.
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from ..events import Source
from ..scoring.completion import whose
from ..scoring.failure import Failure, message_of
from ..transport.record import Headers, NewRecord, Record

__all__ = ["Letter", "dead_letter", "letter_id", "original_headers", "record_digest"]

PREFIX = "__evalstream.errors."

UNSHARED = 2047
"""Bytes that hashlib takes without letting go of the GIL. With each record that it let go of, another thread woke up,
and this one waited for its turn: a tenth of a worker's time."""

LARGE = 64 * UNSHARED
"""Bytes of a record of which others may as well have a turn."""


def record_digest(key: bytes | None, value: bytes | None) -> str:
    """Name a record by its bytes: published again at another offset, it is the same record.

    Examples
    --------
    >>> record_digest(b"k", b"v") == record_digest(b"k", b"v") != record_digest(b"", b"kv")
    True
    """
    text = (key or b"") + b"\0" + (value or b"")
    step = UNSHARED if len(text) < LARGE else len(text)
    digest = hashlib.sha256()
    for at in range(0, len(text), step):
        digest.update(text[at : at + step])
    return digest.hexdigest()[:32]


def letter_id(topic: str, stage: str, record: str) -> str:
    """Name a dead letter: a record that comes again, and fails in the same stage again, gives the same letter."""
    return hashlib.sha256(f"{topic}\0{stage}\0{record}".encode(errors="replace")).hexdigest()[:12]


def dead_letter(record: Record, source: Source, failure: Failure) -> NewRecord:
    """Make the dead letter of a record that stands at ``source``."""
    headers = {
        "topic": source.topic,
        "partition": str(source.partition),
        "offset": str(source.offset),
        "exception": type(failure.cause).__name__,
        "message": message_of(failure.error),
        "stacktrace": failure.traced(),
        "stage": failure.stage,
        "attempts": str(failure.attempts),
        "first_seen": str(record.timestamp_ms),
    }
    if failure.scorer:
        headers["scorer"] = failure.scorer
    pairs = tuple((PREFIX + name, text.encode(errors="backslashreplace")) for name, text in headers.items())
    return NewRecord(record.key, record.value, (*record.headers, *pairs))


def original_headers(headers: Headers) -> Headers:
    """Return the headers that a record had before it became a dead letter."""
    return tuple((name, value) for name, value in headers if not name.startswith(PREFIX))


class Letter(NamedTuple):
    """A dead letter as it is read again, without its value. ``partition`` and ``offset`` are on ``dead-letters``.

    Anybody may write to that topic, so nothing here is to be trusted: texts may hold whatever they like.
    """

    id: str
    eval_id: str
    run_id: str
    stage: str
    exception: str
    message: str
    scorer: str
    attempts: int
    first_seen_ms: int
    topic: str
    at: tuple[int, int]
    """Partition and offset on ``topic``."""
    key: bytes | None
    size: int
    record: str
    partition: int
    offset: int
    stacktrace: str

    @classmethod
    def read(cls, record: Record, partition: int) -> Letter | None:
        """Read a record of ``dead-letters``; None if it is something else."""
        # Of two headers of one name the last is ours: the record may have brought the first.
        said = {name[len(PREFIX) :]: _text(value) for name, value in record.headers if name.startswith(PREFIX)}
        if not {"topic", "stage"} <= said.keys():
            return None
        digest = record_digest(record.key, record.value)
        eval_id, run_id = whose(record.value or b"")
        return cls(
            id=letter_id(said["topic"], said["stage"], digest),
            eval_id=eval_id,
            run_id=run_id,
            stage=said["stage"],
            exception=said.get("exception", ""),
            message=said.get("message", ""),
            scorer=said.get("scorer", ""),
            attempts=_number(said.get("attempts"), 1),
            first_seen_ms=_number(said.get("first_seen"), record.timestamp_ms),
            topic=said["topic"],
            at=(_number(said.get("partition"), -1), _number(said.get("offset"), -1)),
            key=record.key,
            size=len(record.value or b""),
            record=digest,
            partition=partition,
            offset=record.offset,
            stacktrace=said.get("stacktrace", ""),
        )

    def is_of(self, eval_id: str) -> bool:
        """Tell whether it is a letter of this eval; one that says nothing itself may do so by its key."""
        if self.eval_id:
            return self.eval_id == eval_id
        key = _text(self.key)
        return key == eval_id or key.startswith(f"{eval_id}/")

    @property
    def sample(self) -> str:
        """What the key says of the sample: keys of ``completions`` are eval id / sample id."""
        key = _text(self.key)
        return key[len(self.eval_id) + 1 :] if self.eval_id and key.startswith(f"{self.eval_id}/") else key


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="backslashreplace")  # Kafka knows headers without a value


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(text or "")
    except ValueError:
        return otherwise
