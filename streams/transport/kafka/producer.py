"""Faust's producer over our own sender."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from aiokafka.codec import lz4_encode
from faust.transport import base
from faust.types import TP, RecordMetadata

from ..buffer import DurableBuffer
from ..record import NewRecord
from .partitions import partition_of
from .sender import KafkaSender

__all__ = ["KafkaProducer"]


class KafkaProducer(base.Producer):  # type: ignore[misc]
    """Each method returns when the brokers have the records for good."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer = DurableBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
        self._settings = self.app.settings
        self._sender = KafkaSender(self._settings)

    async def on_start(self) -> None:
        await super().on_start()
        await self._sender.start()

    async def on_stop(self) -> None:
        await super().on_stop()
        await self._sender.stop()

    async def send_batch(self, topic: str, records: Sequence[NewRecord]) -> None:
        """Send records to a topic of ours; those of one partition stay in order."""
        if records:
            await self._sender.send(topic, records)

    def takes(self, value: bytes) -> bool:
        """Tell whether brokers take a record of this value; what they look at is its compressed size."""
        most: int = self._settings.max_message_bytes
        packed: int = len(value) if len(value) <= most else len(lz4_encode(value))
        return packed <= most

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
        record = NewRecord(key, value, tuple(pairs), int(timestamp * 1000) if timestamp else None)
        # Faust's names of topics (a changelog's) are the brokers' own.
        own = topic.removeprefix(self._settings.topic_prefix)
        found = await self._sender.send(own, [record], partition)
        ((place, (offset, _)),) = found.items()
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        sent.set_result(RecordMetadata(topic, place, TP(topic, place), offset))
        return sent

    async def send_and_wait(self, *args: Any, **kwargs: Any) -> RecordMetadata:
        return await (await self.send(*args, **kwargs))

    async def flush(self) -> None:
        await self.buffer.flush()

    async def create_topic(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: topics are made before the app starts, with settings that Faust does not know."""

    def key_partition(self, topic: str, key: bytes) -> TP:
        return TP(topic, partition_of(key, self.app.partitions))

    def supports_headers(self) -> bool:
        return True
