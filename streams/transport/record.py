"""A record on a topic, before and after the broker has given it an offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Batch", "Headers", "NewRecord", "Record"]

Headers = tuple[tuple[str, bytes], ...]


class NewRecord(NamedTuple):
    """What a producer sends.

    ``timestamp_ms`` None means now. ``place`` chooses the partition in the key's stead: what belongs to one eval goes
    where the eval's id says, whatever its key.
    """

    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int | None = None
    place: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes of key and value."""
        return len(self.key or b"") + len(self.value or b"")


class Record(NamedTuple):
    """What a consumer gets: one record of one partition, at its offset."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


@dataclass(frozen=True)
class Batch:
    """The records of one fetch from one partition, in offset order: what an agent receives as one event."""

    topic: str
    partition: int
    records: Sequence[Record]
    delivery: int = 0
    """Which delivery this is part of: after a rebalance the same records come again, as another one."""
