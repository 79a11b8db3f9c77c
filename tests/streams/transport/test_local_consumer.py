"""The local consumer: each record is delivered once in a worker's life, whatever the partitions do meanwhile."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from faust.types import TP

from evalstream.streams.app import new_app
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import LocalClient
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.stores import close_store, open_store

HERE = TP("a", 0)
_names = itertools.count()


@asynccontextmanager
async def consuming(count: int, committed: int | None = None) -> AsyncIterator[Any]:
    """Yield a consumer of topic ``a`` with some records, which stands where the group has committed."""
    broker = f"memory://consumer-{next(_names)}"
    store = open_store(broker)
    store.append("a", [NewRecord(None, b"%d" % i) for i in range(count)])
    app = new_app(Settings(broker=broker), 1, lambda: LocalClient(store))
    if committed is not None:
        store.commit(app.conf.id, {"a": committed})
    consumer = app.transport.create_consumer(print, on_partitions_revoked=print, on_partitions_assigned=print)
    consumer.add_future = lambda assigning: assigning.close()  # type: ignore[misc]
    await consumer.subscribe(["a"])
    consumer._set_active_tps({HERE})
    consumer.resume_flow()
    try:
        yield consumer
    finally:
        close_store(broker)


async def fetch(consumer: Any) -> list[int]:
    """Return the offsets of one fetch."""
    return [record.offset async for _, message in consumer.getmany(0.01) for record in message.value.records]


def test_a_worker_begins_where_the_last_one_committed():
    async def scenario() -> None:
        async with consuming(5, committed=3) as consumer:
            assert await fetch(consumer) == [3, 4]
            assert await fetch(consumer) == []

    asyncio.run(scenario())


def test_going_back_to_what_is_committed_delivers_nothing_twice():
    async def scenario() -> None:
        async with consuming(5) as consumer:
            assert await fetch(consumer) == [0, 1, 2, 3, 4]
            await consumer.perform_seek()
            assert await fetch(consumer) == []
            consumer._acked_index[HERE].add(4)
            assert consumer._new_offset(HERE) == 5

    asyncio.run(scenario())


def test_records_that_were_fetched_while_the_flow_stopped_are_fetched_again():
    async def scenario() -> None:
        async with consuming(3) as consumer:
            read = consumer._getmany

            async def read_while_stopping(*args: Any) -> Any:
                found = await read(*args)
                consumer.stop_flow()
                return found

            consumer._getmany = read_while_stopping
            assert await fetch(consumer) == []
            consumer._getmany = read
            consumer.resume_flow()
            assert await fetch(consumer) == [0, 1, 2]

    asyncio.run(scenario())


def test_an_idle_consumer_returns_after_its_timeout():
    async def scenario() -> None:
        async with consuming(0) as consumer:
            assert await asyncio.wait_for(fetch(consumer), 5) == []

    asyncio.run(scenario())
