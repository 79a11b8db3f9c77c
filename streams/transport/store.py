"""What a broker on one machine must do: keep topics as append-only logs, and remember committed offsets.

Each topic of a local store has one partition, number 0; more partitions are what Kafka is for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from .record import NewRecord, Record

__all__ = ["TopicStore"]


class TopicStore(Protocol):
    """Append-only topics with offsets from 0, and consumer groups' committed offsets.

    All methods may be called from any thread. ``blocking`` says that they may wait for a disk or a lock, so that an
    event loop calls them in a thread.

    Raises
    ------
    BrokerError
        From any method: the disk is full, the folder is gone...
    """

    blocking: bool

    def create_topic(self, topic: str) -> None:
        """Make a topic; nothing happens if it is there."""

    def append(self, topic: str, records: Sequence[NewRecord]) -> int:
        """Add records in order, all or none, and return the first one's offset. They are durable on return."""

    def read(self, topic: str, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        """Read from an offset on, at least one record if there is one, without exceeding the limits otherwise."""

    def first_offset(self, topic: str) -> int:
        """Offset of the oldest record that is still there (0 for an empty topic)."""

    def end_offset(self, topic: str) -> int:
        """Offset that the next record will get."""

    def committed(self, group: str, topic: str) -> int | None:
        """Return the offset that the group will read next, None if it never committed."""

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        """Remember, for each topic, the offset that the group will read next."""

    def changes(self) -> object:
        """Return a token that differs from an earlier one if anything was appended since, by any process.

        It may differ for no reason. Never waits: an event loop may call this itself.
        """

    def close(self) -> None:
        """Let go of files; the store is not used after this."""
