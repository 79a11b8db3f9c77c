"""Settings of a test's own on a broker, and an admin client that knows nothing of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient

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
