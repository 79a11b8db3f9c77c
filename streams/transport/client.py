"""A broker as commands see it: append records, and read any range of them, without Faust and without a group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from ..settings.model import Settings
from .record import NewRecord, Record
from .store import TopicStore
from .stores import close_store, open_store

__all__ = ["BrokerClient", "LocalClient", "batches_of", "open_client"]


class BrokerClient(Protocol):
    """A broker, from outside a worker; for any thread that has no event loop of its own.

    Raises
    ------
    BrokerError
        From any method: the broker cannot be reached (for good), a topic is missing, the disk is full...
    """

    def append(self, topic: str, records: Sequence[NewRecord]) -> None:
        """Add records, those of one key in order. They are durable on return."""

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has, 0 if there is no such topic."""

    def first_offset(self, topic: str, partition: int) -> int:
        """Return the offset of the oldest record that is still there."""

    def end_offset(self, topic: str, partition: int) -> int:
        """Return the offset that the next record will get."""

    def read(self, topic: str, partition: int, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        """Read from an offset on, at least one record if there is one, else without exceeding the limits by much."""

    def close(self) -> None:
        """Let go of the broker."""


class LocalClient:
    """A `BrokerClient` of a broker on this machine, whose topics have one partition each.

    Examples
    --------
    >>> from evalstream.streams.transport.memory_store import MemoryStore
    >>> client = LocalClient(MemoryStore())
    >>> client.append("scores", [NewRecord(b"k", b"1")])
    >>> [record.value for record in client.read("scores", 0, 0, 10, 1000)], client.end_offset("scores", 0)
    ([b'1'], 1)
    """

    def __init__(self, store: TopicStore, url: str = "") -> None:
        self._store, self._url = store, url

    def append(self, topic: str, records: Sequence[NewRecord]) -> None:
        if records:
            self._store.append(topic, records)

    def partitions(self, topic: str) -> int:
        return 1

    def first_offset(self, topic: str, partition: int) -> int:
        return self._store.first_offset(topic)

    def end_offset(self, topic: str, partition: int) -> int:
        return self._store.end_offset(topic)

    def read(self, topic: str, partition: int, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        return self._store.read(topic, offset, max_records, max_bytes)

    def close(self) -> None:
        close_store(self._url)


def batches_of(
    client: BrokerClient,
    topic: str,
    partition: int,
    start: int = 0,
    end: int | None = None,
    max_records: int = 5000,
    max_bytes: int = 8 * 1024 * 1024,
) -> Iterator[list[Record]]:
    """Yield what is in a partition, batch by batch; what is added meanwhile is left out: a busy topic has no end.

    Parameters
    ----------
    start
        Where to begin; what was before the first record that there still is does not matter.
    end
        Where to stop; by default where the partition ends when the first batch is asked for.

    Raises
    ------
    BrokerError
        The broker cannot be read.

    Examples
    --------
    >>> from evalstream.streams.transport.memory_store import MemoryStore
    >>> client = LocalClient(MemoryStore())
    >>> client.append("scores", [NewRecord(None, b"%d" % number) for number in range(5)])
    >>> [[record.offset for record in batch] for batch in batches_of(client, "scores", 0, end=4, max_records=3)]
    [[0, 1, 2], [3]]
    """
    offset = max(start, client.first_offset(topic, partition))
    if end is None:
        end = client.end_offset(topic, partition)
    while offset < end:
        records = client.read(topic, partition, offset, max_records, max_bytes)
        if not records:
            return  # compaction or retention has removed the rest
        offset = records[-1].offset + 1
        yield records if offset <= end else [record for record in records if record.offset < end]


def open_client(settings: Settings) -> BrokerClient:
    """Open the broker that the settings name.

    Raises
    ------
    BrokerError
        It cannot be opened or reached, or its URL makes no sense.
    """
    if urlsplit(settings.broker).scheme == "kafka":
        # Not at the top: a command on one log should not wait for Kafka's client.
        from .kafka.client import KafkaClient  # noqa: PLC0415

        return KafkaClient(settings)
    return LocalClient(open_store(settings.broker), settings.broker)
