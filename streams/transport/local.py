"""Faust's consumer, producer and transport over a `TopicStore`: the broker of one machine.

One worker owns all partitions, so there is no group protocol: the assignment is made as soon as Faust subscribes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from faust.transport import base
from faust.types import TP, RecordMetadata

from .batching import BatchingConsumer, RecordMap
from .buffer import DurableBuffer
from .record import NewRecord, Record
from .store import TopicStore

__all__ = ["LocalConsumer", "LocalProducer", "LocalTransport"]

GENERATION = 1
POLL_SECONDS = 0.02
FETCH_RECORDS = 500
FETCH_BYTES = 4 * 1024 * 1024

Result = TypeVar("Result")


async def call(store: TopicStore, method: Callable[..., Result], *args: Any) -> Result:
    """Call a store's method without blocking the event loop."""
    if store.blocking:
        return await asyncio.to_thread(method, *args)
    return method(*args)


class LocalConsumer(BatchingConsumer):
    """Reads all topics of a store."""

    transport: LocalTransport

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store = self.transport.store
        self._assigned: set[TP] = set()
        self._positions: dict[TP, int] = {}

    async def subscribe(self, topics: Iterable[str]) -> None:
        for topic in topics:
            await call(self._store, self._store.create_topic, topic)
        self._assigned = {TP(topic, 0) for topic in topics}
        for tp in self._assigned - self._positions.keys():
            committed = await call(self._store, self._store.committed, self.app.conf.id, tp.topic)
            self._positions[tp] = committed or 0
        # In the background: the assignment waits for this very subscription to be reported as done.
        self.add_future(self._assign())

    async def _assign(self) -> None:
        app = self.app
        app.assignor._assignment.actives = {tp.topic: [0] for tp in self._assigned}
        app.on_rebalance_start()
        # Must be set before the assignment: streams skip messages of another generation.
        app.consumer_generation_id = GENERATION
        await self.on_partitions_assigned(self._assigned, GENERATION)

    async def _wait_next_records(self, timeout: float) -> tuple[Mapping[TP, Sequence[Record]] | None, set[TP]]:
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        deadline = time.monotonic() + timeout
        while not self.should_stop:
            seen = self._store.changes()
            if not self.flow_active:
                return None, set()
            active = self._get_active_partitions()
            records = await self._getmany(active, timeout)
            if records or time.monotonic() > deadline:
                return records, active
            await self._wait_for_change(seen, deadline)
        return None, set()

    async def _wait_for_change(self, seen: object, deadline: float) -> None:
        # Other processes append to a durable store, so there is nothing to wait on but the store's own change counter.
        while not self.should_stop and time.monotonic() < deadline:
            await asyncio.sleep(POLL_SECONDS if self._store.blocking else 0.001)
            if self._store.changes() != seen or not self.flow_active:
                return
            if self._get_active_partitions() - self._drained:
                return

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> dict[TP, list[Record]]:
        found: dict[TP, list[Record]] = {}
        self._drained: set[TP] = set()
        for tp in sorted(active_partitions or ()):
            position = self._positions[tp]
            records = await call(self._store, self._store.read, tp.topic, position, FETCH_RECORDS, FETCH_BYTES)
            if records and self._positions[tp] == position:
                found[tp] = records
                self._positions[tp] = records[-1].offset + 1
            elif not records:
                self._drained.add(tp)
        return found

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        by_topic = {tp.topic: offset for tp, offset in offsets.items()}
        await call(self._store, self._store.commit, self.app.conf.id, by_topic)
        return True

    async def seek_to_committed(self) -> Mapping[TP, int]:
        # Positions start at what was committed, and nobody else takes partitions over: going back to it while fetching
        # goes on (as recovery does) would deliver batches twice, and hold up their commits.
        group, offsets = self.app.conf.id, {}
        for tp in self._assigned:
            committed = await call(self._store, self._store.committed, group, tp.topic)
            if committed is not None:
                offsets[tp] = committed
        return offsets

    async def _give_back(self, fetched: RecordMap) -> None:
        for tp, records in fetched.items():
            if self._positions[tp] == records[-1].offset + 1:
                self._positions[tp] = records[0].offset

    async def _seek(self, partition: TP, offset: int) -> None:
        self._positions[partition] = offset

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self.seek(tp, offset)

    async def seek_to_beginning(self, *partitions: TP) -> None:
        await self.seek_wait(await self.earliest_offsets(*partitions))

    async def position(self, tp: TP) -> int | None:
        return self._positions.get(tp)

    async def caught_up(self) -> bool:
        """Tell whether all records that there are have been handed to the agents."""
        for tp in self._assigned:
            end = await call(self._store, self._store.end_offset, tp.topic)
            if not self._is_changelog_tp(tp) and self._positions.get(tp, 0) < end:
                return False
        return True

    def assignment(self) -> set[TP]:
        return set(self._assigned)

    def highwater(self, tp: TP) -> int:
        # Called for each fetched batch, for a monitor that nobody reads: the position is near enough.
        return self._positions.get(tp, 0)

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: await call(self._store, self._store.end_offset, tp.topic) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: await call(self._store, self._store.first_offset, tp.topic) for tp in partitions}

    def topic_partitions(self, topic: str) -> int | None:
        return 1

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> int | None:
        return 0

    async def create_topic(self, topic: str, *args: Any, **kwargs: Any) -> None:
        await call(self._store, self._store.create_topic, topic)

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)


class LocalProducer(base.Producer):  # type: ignore[misc]
    """Appends to topics of a store; each method returns when the records are durable."""

    transport: LocalTransport

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._store = self.transport.store
        self.buffer = DurableBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app

    async def send_batch(self, topic: str, records: Sequence[NewRecord]) -> None:
        """Append records in order; return when all are durable."""
        if records:
            await call(self._store, self._store.append, topic, records)

    def takes(self, value: bytes) -> bool:
        """Tell whether a record may have this value: here all may."""
        return True

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Any,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        pairs = headers.items() if isinstance(headers, Mapping) else headers or ()
        stamp = int(timestamp * 1000) if timestamp else None
        record = NewRecord(key, value, tuple(pairs), stamp)
        offset = await call(self._store, self._store.append, topic, [record])
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        sent.set_result(RecordMetadata(topic, 0, TP(topic, 0), offset))
        return sent

    async def send_and_wait(self, *args: Any, **kwargs: Any) -> RecordMetadata:
        return await (await self.send(*args, **kwargs))

    async def flush(self) -> None:
        await self.buffer.flush()

    async def create_topic(self, topic: str, *args: Any, **kwargs: Any) -> None:
        await call(self._store, self._store.create_topic, topic)

    def key_partition(self, topic: str, key: bytes) -> TP:
        return TP(topic, 0)

    def supports_headers(self) -> bool:
        return True


class LocalTransport(base.Transport):  # type: ignore[misc]
    """Ties consumer and producer to one store; subclasses say where the store is."""

    Consumer = LocalConsumer
    Producer = LocalProducer
    driver_version = "evalstream"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.store: TopicStore = self.open_store()

    def open_store(self) -> TopicStore:
        """Open, or find, the store that the broker URL names."""
        raise NotImplementedError
