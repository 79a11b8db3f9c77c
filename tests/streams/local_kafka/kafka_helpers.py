"""What a user's programs do with a broker, and how to wait for its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic


def make_topic(bootstrap: str, topic: str, replicas: int = 1) -> None:
    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(topic, 1, replicas)])
        finally:
            await admin.close()

    asyncio.run(make())


def publish(bootstrap: str, topic: str, *values: bytes) -> None:
    """Return when each in-sync replica has the values."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True) as producer:
            for value in values:
                await producer.send_and_wait(topic, value)

    asyncio.run(send())


def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """Return the first values of a topic."""

    async def take() -> list[bytes]:
        values: list[bytes] = []
        consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        async with consumer:
            while len(values) < count:
                values.append((await asyncio.wait_for(consumer.getone(), 30)).value)
        return values

    return asyncio.run(take())


def returns_within(seconds: float, call: Callable[[], object]) -> bool:
    """Tell whether a call that waits for something returns in time."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
