"""Dead letters: records that cannot be read, kept as they came, with headers that say why."""

from __future__ import annotations

import traceback

from ..events import Source
from ..transport.record import NewRecord, Record

__all__ = ["dead_letter"]


def dead_letter(record: Record, source: Source, error: Exception, stage: str) -> NewRecord:
    """Make the dead letter of a record: key and value untouched, so that sending it again is a copy.

    The headers have the shape of KIP-1034's, under a prefix of our own.
    """
    cause = error.__cause__ or error
    headers = {
        "topic": source.topic,
        "partition": str(source.partition),
        "offset": str(source.offset),
        "exception": type(cause).__name__,
        "message": str(error),
        "stacktrace": "".join(traceback.format_exception(type(cause), cause, cause.__traceback__)),
        "stage": stage,
        "attempts": "1",
        "first_seen": str(record.timestamp_ms),
    }
    pairs = tuple((f"__evalstream.errors.{key}", text.encode()) for key, text in headers.items())
    return NewRecord(record.key, record.value, (*record.headers, *pairs))
