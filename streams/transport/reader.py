"""Reading records again by topic and offset: what materialising and users' metrics do."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Protocol

from .client import BrokerClient
from .record import Record
from .record_copy import RecordCopy

__all__ = ["BrokerReader", "TopicReader"]

AHEAD_RECORDS = 256
AHEAD_BYTES = 8 * 1024 * 1024
SCAN_RECORDS = 2000


class TopicReader(Protocol):
    """Random access to what is on the topics."""

    def first_offset(self, topic: str, partition: int) -> int:
        """Return the offset of the oldest record that is still there."""

    def prepare(self, topic: str, partition: int, offsets: Sequence[int]) -> None:
        """Say which records will be read, in ascending order of offsets; they may then be read in any order."""

    def read(self, topic: str, partition: int, offset: int) -> Record:
        """Return one record; LookupError if it is not there (any more)."""

    def close(self) -> None:
        """Let go of the broker, and of copies."""


class BrokerReader:
    """A `TopicReader` over a broker; reads ahead as long as records are asked for one after the other.

    Parameters
    ----------
    client
        The broker; closed with the reader.
    distant
        Asking for one record costs a round trip over a network. So what `prepare` names is copied to a temporary file
        in one pass over the partition: a log is written in the dataset's order, and samples arrive in another.
    """

    def __init__(self, client: BrokerClient, distant: bool = False) -> None:
        self._client, self._distant = client, distant
        self._ahead: dict[tuple[str, int], tuple[int, list[Record]]] = {}
        self._copies: dict[tuple[str, int], RecordCopy] = {}

    def first_offset(self, topic: str, partition: int) -> int:
        return self._client.first_offset(topic, partition)

    def prepare(self, topic: str, partition: int, offsets: Sequence[int]) -> None:
        if self._distant and len(offsets):
            self._copies[topic, partition] = self._copied(topic, partition, offsets)

    def read(self, topic: str, partition: int, offset: int) -> Record:
        copy = self._copies.get((topic, partition))
        if copy is not None:
            return copy.read(offset)
        first, records = self._ahead.get((topic, partition), (0, []))
        if not first <= offset < first + len(records):
            follows = bool(records) and offset == first + len(records)
            most = AHEAD_RECORDS if follows or not records else 1
            records = self._client.read(topic, partition, offset, most, AHEAD_BYTES)
            first = offset
            self._ahead[topic, partition] = (first, records)
        index = offset - first
        if index >= len(records) or records[index].offset != offset:
            raise LookupError(f"record {offset} of topic {topic!r}, partition {partition}, is not there any more")
        return records[index]

    def close(self) -> None:
        self.forget()
        self._client.close()

    def forget(self) -> None:
        """Drop the copies; the broker stays open."""
        for copy in self._copies.values():
            copy.close()
        self._copies.clear()

    def _copied(self, topic: str, partition: int, offsets: Sequence[int]) -> RecordCopy:
        copy = RecordCopy(topic, partition)
        try:
            at, offset = 0, offsets[0]
            while records := self._client.read(topic, partition, offset, SCAN_RECORDS, AHEAD_BYTES):
                for record in records:
                    at = bisect_left(offsets, record.offset, at)
                    if at == len(offsets):
                        return copy
                    if offsets[at] == record.offset:
                        copy.add(record)
                offset = records[-1].offset + 1
        except BaseException:
            copy.close()
            raise
        return copy
