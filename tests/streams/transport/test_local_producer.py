"""The local producer: `flush` returns when all that was queued is durable, and tells when it is not."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from evalstream.streams.app import new_app
from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import LocalClient
from evalstream.streams.transport.memory_store import MemoryStore
from evalstream.streams.transport.stores import close_store

_names = itertools.count()


class GatedStore(MemoryStore):
    """Appends wait until the gate is open, each in a thread."""

    blocking = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)

    def append(self, topic: str, records: Any) -> int:
        assert self.gate.acquire(timeout=30)
        return super().append(topic, records)


class FullStore(MemoryStore):
    def append(self, topic: str, records: Any) -> int:
        raise BrokerError("the disk is full")


@asynccontextmanager
async def producing(store: MemoryStore) -> AsyncIterator[tuple[Any, Any]]:
    """Yield an app's producer over a store, and a topic of the app."""
    broker = f"memory://producer-{next(_names)}"
    app = new_app(Settings(broker=broker), 1, lambda: LocalClient(store))
    producer = app.producer
    producer._store = store
    app.topics.disabled = True
    await producer.start()
    try:
        yield producer, app.topic("t", value_type=bytes)
    finally:
        await producer.stop()
        close_store(broker)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_flush_waits_for_every_record_however_slow_the_disk(count):
    async def scenario() -> None:
        store = GatedStore()
        async with producing(store) as (producer, topic):
            for i in range(count):
                topic.send_soon(value=b"%d" % i)
            flush = asyncio.ensure_future(producer.flush())
            for done in range(count):
                await asyncio.wait({flush}, timeout=0.15)
                assert not flush.done()
                assert store.end_offset("t") == done
                store.gate.release()
                while store.end_offset("t") == done:
                    await asyncio.sleep(0)
            await asyncio.wait_for(flush, 10)
            assert store.end_offset("t") == count

    asyncio.run(scenario())


def test_flush_with_nothing_queued_returns():
    async def scenario() -> None:
        async with producing(MemoryStore()) as (producer, _):
            await asyncio.wait_for(producer.flush(), 5)

    asyncio.run(scenario())


def test_flush_tells_of_a_record_that_could_not_be_written():
    async def scenario() -> None:
        async with producing(FullStore()) as (producer, topic):
            topic.send_soon(value=b"1")
            with pytest.raises(BrokerError, match="the disk is full"):
                await asyncio.wait_for(producer.flush(), 5)

    asyncio.run(scenario())
