"""Settings of a test's own on a broker, and an admin client that knows nothing of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from evalstream.streams.settings import Settings

MakeSettings = Callable[..., Settings]


@asynccontextmanager
async def admin_of(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker.removeprefix("kafka://"))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


def delete_before(settings: Settings, topic: str, offsets: Mapping[int, int]) -> None:
    """Remove the records of a topic before an offset of each partition, as retention does."""

    async def run() -> None:
        async with admin_of(settings) as admin:
            name = settings.topic_prefix + topic
            places = {TopicPartition(name, partition): offset for partition, offset in offsets.items()}
            await admin.delete_records({tp: RecordsToDelete(before_offset=offset) for tp, offset in places.items()})

    asyncio.run(run())
