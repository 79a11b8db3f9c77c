"""Completions that a rescoring had scored before it was killed: judges are not to be asked again."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from ..topics import COMPLETIONS, SCORES
from ..transport.store import TopicStore

__all__ = ["scored_before"]

READ_RECORDS = 2000
READ_BYTES = 8 * 1024 * 1024


class _Source(msgspec.Struct, gc=False):
    offset: int


class _Said(msgspec.Struct, gc=False):
    source: _Source
    slot: int = -1


_decode = msgspec.json.Decoder(_Said).decode


def scored_before(store: TopicStore, group: str, scorers: int) -> frozenset[int]:
    """Return the offsets of completions that will be delivered again, though all of their scores are durable.

    Offsets are committed now and then only. What was scored since the last time comes again after a death; a worker
    scores it again, which changes nothing but costs what a judge costs.

    Parameters
    ----------
    store
        The private broker.
    group
        Who consumes it.
    scorers
        How many scores each completion gets.
    """
    committed = store.committed(group, COMPLETIONS.name) or 0
    slots: dict[int, set[int]] = defaultdict(set)
    offset = store.first_offset(SCORES.name)
    while records := store.read(SCORES.name, offset, READ_RECORDS, READ_BYTES):
        for record in records:
            try:
                said = _decode(record.value or b"")
            except (msgspec.DecodeError, UnicodeError):
                continue  # it has NaN in it, say: scored again, then
            if said.source.offset >= committed:
                slots[said.source.offset].add(said.slot)
        offset = records[-1].offset + 1
    return frozenset(at for at, found in slots.items() if found.issuperset(range(scorers)))
