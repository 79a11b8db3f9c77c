"""Kafka as commands and the writers of logs see it: append, and read any range, without a group."""

from __future__ import annotations

import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from ...settings.model import Settings
from ..record import NewRecord, Record
from .connection import client_arguments
from .loop_thread import LoopThread
from .sender import KafkaSender, explained

__all__ = ["KafkaClient"]

Result = TypeVar("Result")

POLL_MS = 1000
FETCH_BYTES = 8 * 1024 * 1024


class KafkaClient:
    """A `BrokerClient`; its methods wait, so an event loop calls them in a thread. One thread at a time.

    Reading on where the last read ended costs nothing but the records: they have been fetched ahead.

    Raises
    ------
    BrokerError
        From the constructor: no broker answers, or it refuses us.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = LoopThread("evalstream-kafka")
        self._sender: KafkaSender | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._place: tuple[TopicPartition, int] | None = None
        try:
            self._thread.run(self._connect())
        except BaseException:
            self.close()
            raise

    def append(self, topic: str, records: Sequence[NewRecord]) -> None:
        if records and self._sender is not None:
            self._thread.run(self._sender.send(topic, records))

    def partitions(self, topic: str) -> int:
        return self._run(self._partitions(topic), f"looking for topic {topic}")

    def first_offset(self, topic: str, partition: int) -> int:
        return self._run(self._offset(topic, partition, first=True), f"reading {topic}")

    def end_offset(self, topic: str, partition: int) -> int:
        return self._run(self._offset(topic, partition, first=False), f"reading {topic}")

    def read(self, topic: str, partition: int, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        return self._run(self._read(topic, partition, offset, max_records), f"reading {topic}")

    def close(self) -> None:
        try:
            self._thread.run(self._disconnect())
        finally:
            self._thread.stop()

    def _run(self, work: Coroutine[Any, Any, Result], doing: str) -> Result:
        try:
            return self._thread.run(work)
        except KafkaError as error:
            raise explained(error, doing) from error

    async def _connect(self) -> None:
        self._sender = KafkaSender(self._settings)
        await self._sender.start()

    async def _disconnect(self) -> None:
        if self._sender is not None:
            await self._sender.stop()
        if self._consumer is not None:
            with contextlib.suppress(KafkaError):
                await self._consumer.stop()

    async def _partitions(self, topic: str) -> int:
        return await self._sender.partitions(topic) if self._sender is not None else 0

    def _tp(self, topic: str, partition: int) -> TopicPartition:
        return TopicPartition(self._settings.topic_prefix + topic, partition)

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **client_arguments(self._settings),
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=100,
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _offset(self, topic: str, partition: int, first: bool) -> int:
        consumer, tp = await self._started(), self._tp(topic, partition)
        found = await (consumer.beginning_offsets([tp]) if first else consumer.end_offsets([tp]))
        return int(found[tp])

    async def _read(self, topic: str, partition: int, offset: int, max_records: int) -> list[Record]:
        consumer, tp = await self._started(), self._tp(topic, partition)
        if self._place is None or self._place[0] != tp:
            consumer.assign([tp])
        if self._place != (tp, offset):
            consumer.seek(tp, offset)
        self._place = None
        end = (await consumer.end_offsets([tp]))[tp]
        while offset < end:
            found = await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=max_records)
            records = [
                Record(r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in found.get(tp, ())
            ]  # fmt: skip
            # What compaction or retention removed is passed over, maybe up to the end.
            offset = await consumer.position(tp)
            if records:
                self._place = (tp, offset)
                return records
        return []
