"""Reading records again by topic and offset: what materialising and users' metrics do."""

from __future__ import annotations

from typing import Protocol

from .record import Record
from .store import TopicStore

__all__ = ["StoreReader", "TopicReader"]

AHEAD_RECORDS = 256
AHEAD_BYTES = 8 * 1024 * 1024


class TopicReader(Protocol):
    """Random access to what is on the topics."""

    def read(self, topic: str, partition: int, offset: int) -> Record:
        """Return one record; LookupError if it is not there (any more)."""


class StoreReader:
    """A `TopicReader` over a local store; reads ahead as long as records are asked for one after the other."""

    def __init__(self, store: TopicStore) -> None:
        self._store = store
        self._ahead: dict[str, tuple[int, list[Record]]] = {}

    def read(self, topic: str, partition: int, offset: int) -> Record:
        first, records = self._ahead.get(topic, (0, []))
        if not first <= offset < first + len(records):
            follows = bool(records) and offset == first + len(records)
            records = self._store.read(topic, offset, AHEAD_RECORDS if follows or not records else 1, AHEAD_BYTES)
            first = offset
            self._ahead[topic] = (first, records)
        index = offset - first
        if index >= len(records) or records[index].offset != offset:
            raise LookupError(f"record {offset} of topic {topic!r} is not there any more")
        return records[index]
