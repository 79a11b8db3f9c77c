"""Completions of one eval, copied from the frozen range of a topic to the private broker, where they are scored.

Copied, not claimed: a distant broker is read once and in its own order, and what its retention removes meanwhile is
there all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import NamedTuple

import msgspec

from evalstream.scorers.jsontext import JsonTextError, join_object, split_object

from ..events import LIVE_RUN, SampleCompleted, ScorerSpec
from ..scoring.completion import whose
from ..topics import COMPLETIONS
from ..transport.client import BrokerClient, batches_of
from ..transport.record import Headers, NewRecord, Record
from ..transport.store import TopicStore

__all__ = ["Place", "copy_completions", "next_place", "rescored"]

READ_RECORDS = 500
READ_BYTES = 4 * 1024 * 1024

_FROM = "__evalstream.rescore.from"


class Place(NamedTuple):
    """A partition and an offset of the topic that is copied."""

    partition: int
    offset: int


class _Head(msgspec.Struct, gc=False):
    """Of a `SampleCompleted` what tells whose it is and what it asks for; the sample is passed over."""

    eval_id: str
    run_id: str = LIVE_RUN
    scorers: msgspec.Raw = msgspec.Raw(b"[]")


_head = msgspec.json.Decoder(_Head).decode


def copy_completions(
    client: BrokerClient,
    ranges: Sequence[tuple[int, int]],
    eval_id: str,
    scorers: Sequence[ScorerSpec],
    store: TopicStore,
    stop: Event,
) -> None:
    """Copy an eval's completions, from where an earlier call was stopped; each says where it comes from.

    Parameters
    ----------
    client
        The broker that has them.
    ranges
        For each partition the first offset, and the one past the last.
    eval_id, scorers
        Which eval, and what its completions are to ask for.
    store
        The private broker.
    stop
        Ends the copying early.

    Raises
    ------
    BrokerError
        One of the brokers cannot be read or written.
    """
    wanted = _text_of(scorers)
    begin = next_place(store)
    for partition, (first, end) in enumerate(ranges):
        if partition < begin.partition:
            continue
        start = max(first, begin.offset) if partition == begin.partition else first
        for records in batches_of(client, COMPLETIONS.name, partition, start, end, READ_RECORDS, READ_BYTES):
            if stop.is_set():
                return
            copies = list(_copies(records, partition, eval_id, wanted))
            if copies:
                store.append(COMPLETIONS.name, copies)


def _copies(records: Sequence[Record], partition: int, eval_id: str, scorers: bytes) -> Iterator[NewRecord]:
    for record in records:
        copy = rescored(record, eval_id, scorers)
        if copy is not None:
            yield copy._replace(headers=_came_from(Place(partition, record.offset)))


def rescored(record: Record, eval_id: str, scorers: bytes) -> NewRecord | None:
    """Return a completion as the new run has it; None if it is of another eval or run.

    One that asks for these scorers already stays as it is, byte for byte, and so does one that is no JSON. What the
    live run could not read the new one cannot either, and the same record twice is one dead letter there, too.

    Parameters
    ----------
    record
        A record of ``completions``.
    eval_id
        The eval.
    scorers
        The text of ``scorers`` that completions are to have.

    Examples
    --------
    >>> text = b'{"eval_id":"e","scorers":[],"sample":{"id":1}}'
    >>> rescored(Record(0, b"k", text, (), 0), "e", b'[{"name":"f1"}]').value
    b'{"eval_id":"e","scorers":[{"name":"f1"}],"sample":{"id":1}}'
    >>> rescored(Record(0, b"k", text, (), 0), "other", b"[]") is None
    True
    """
    value = record.value or b""
    asked: bytes | None = None
    try:
        head = _head(value)
        whom, asked = (head.eval_id, head.run_id), bytes(head.scorers)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        whom = whose(value)  # takes more time, and what the quick way refuses
    if whom != (eval_id, LIVE_RUN):
        return None
    if asked != scorers:
        value = _asking_for(scorers, value)
    return NewRecord(record.key, value, timestamp_ms=record.timestamp_ms)


def _asking_for(scorers: bytes, value: bytes) -> bytes:
    try:
        members = split_object(value)
    except JsonTextError:
        return value
    members["scorers"] = scorers
    members.pop("append", None)
    return join_object(members)


def _text_of(scorers: Sequence[ScorerSpec]) -> bytes:
    """Print scorers as a completion has them."""
    return split_object(SampleCompleted(eval_id="", scorers=list(scorers)).to_bytes())["scorers"]


def _came_from(place: Place) -> Headers:
    return ((_FROM, f"{place.partition}/{place.offset}".encode()),)


def next_place(store: TopicStore) -> Place:
    """Return where copying goes on: behind the last record that was copied."""
    end = store.end_offset(COMPLETIONS.name)
    for record in store.read(COMPLETIONS.name, end - 1, 1, READ_BYTES) if end else ():
        for name, value in record.headers:
            if name == _FROM:
                partition, offset = value.decode().split("/")
                return Place(int(partition), int(offset) + 1)
    return Place(0, 0)
