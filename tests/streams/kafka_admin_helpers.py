"""Settings of a test's own on a broker, and an admin client that knows nothing of ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.protocol.admin import AlterPartitionReassignmentsRequest

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


def reassign(settings: Settings, replicas: Callable[[str, int], list[int]]) -> None:
    """Begin to move all partitions of all topics to other brokers, as ``kafka-reassign-partitions`` does."""

    async def run() -> None:
        async with admin_of(settings) as admin:
            topics = []
            for topic in await admin.describe_topics(await admin.list_topics()):
                name, numbers = topic["topic"], sorted(each["partition"] for each in topic["partitions"])
                topics.append((name, [(number, replicas(name, number), {}) for number in numbers], {}))
            answer = await admin._send_request(AlterPartitionReassignmentsRequest(30_000, topics, {}))
            assert answer.error_code == 0, answer
            assert {part[1] for _, parts, _ in answer.responses for part in parts} == {0}, answer

    asyncio.run(run())


def where_partitions_are(settings: Settings) -> dict[tuple[str, int], list[int]]:
    """The brokers that have each partition's copies, those in sync and those that are not."""

    async def run() -> dict[tuple[str, int], list[int]]:
        async with admin_of(settings) as admin:
            topics = await admin.describe_topics(await admin.list_topics())
            return {(topic["topic"], each["partition"]): each["replicas"]
                    for topic in topics for each in topic["partitions"]}  # fmt: skip

    return asyncio.run(run())
