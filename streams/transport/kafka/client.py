"""Kafka as commands and the writers of logs see it: append, and read any range, without a group."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition

from ...errors import BrokerError
from ...settings.model import Settings
from ..record import NewRecord, Record
from .connection import client_arguments
from .failures import FAILURES, explained
from .loop_thread import LoopThread
from .reach import in_time
from .sender import STOP_SECONDS, KafkaSender

__all__ = ["KafkaClient"]

Result = TypeVar("Result")

POLL_MS = 1000
FETCH_BYTES = 8 * 1024 * 1024

SILENT_SECONDS = 60.0
"""How long a read waits for records that are there; brokers that restart are back by then."""


class KafkaClient:
    """A `BrokerClient`; its methods wait, so an event loop calls them in a thread. One thread at a time.

    Reading on where the last read ended costs nothing but the records: they have been fetched ahead.

    Raises
    ------
    BrokerError
        From the constructor: no broker answers within some ten seconds, or it refuses us. From the others: a topic is
        missing, or what was asked for does not come. Only `append` waits for brokers without an end.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = LoopThread("evalstream-kafka")
        self._sender: KafkaSender | None = None
        self._consumer: AIOKafkaConsumer | None = None
        self._place: tuple[TopicPartition, int] | None = None
        self._ends: dict[TopicPartition, int] = {}
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
        except FAILURES as error:
            raise explained(error, doing) from error

    async def _connect(self) -> None:
        self._sender = KafkaSender(self._settings)
        await in_time(self._settings, self._sender.start())

    async def _disconnect(self) -> None:
        if self._sender is not None:
            await self._sender.stop()
        if self._consumer is not None:
            with contextlib.suppress(*FAILURES):
                await asyncio.wait_for(self._consumer.stop(), STOP_SECONDS)

    async def _partitions(self, topic: str) -> int:
        return await self._sender.partitions(topic) if self._sender is not None else 0

    async def _tp(self, topic: str, partition: int) -> TopicPartition:
        # Whoever asks for a topic by name makes it, on brokers that make topics by themselves.
        if not 0 <= partition < await self._partitions(topic):
            name = self._settings.topic_prefix + topic
            raise BrokerError(
                f"Kafka has no partition {partition} of topic {name!r}: run `evalstream topics create`, or start a"
                " worker."
            )
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
                with contextlib.suppress(*FAILURES):
                    await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _offset(self, topic: str, partition: int, first: bool) -> int:
        tp = await self._tp(topic, partition)
        consumer = await self._started()
        found = await (consumer.beginning_offsets([tp]) if first else consumer.end_offsets([tp]))
        return int(found[tp])

    async def _read(self, topic: str, partition: int, offset: int, max_records: int) -> list[Record]:
        tp = await self._tp(topic, partition)
        consumer = await self._started()
        if self._place is None or self._place[0] != tp:
            consumer.assign([tp])
        if self._place != (tp, offset):
            consumer.seek(tp, offset)
        self._place = None
        if offset >= self._ends.get(tp, 0):
            self._ends[tp] = (await consumer.end_offsets([tp]))[tp]
        consumer.resume(tp)
        last = time.monotonic()
        while offset < self._ends[tp]:
            found = await consumer.getmany(tp, timeout_ms=POLL_MS, max_records=max_records)
            records = [
                Record(r.offset, r.key, r.value, tuple(r.headers), r.timestamp) for r in found.get(tp, ())
            ]  # fmt: skip
            # What compaction or retention removed is passed over, maybe up to the end.
            before, offset = offset, await consumer.position(tp)
            if offset >= self._ends[tp]:
                # A fetch that waits for new records holds up whatever else is asked on its connection.
                consumer.pause(tp)
            if records:
                self._place = (tp, offset)
                return records
            if offset != before:
                last = time.monotonic()
            elif time.monotonic() - last > SILENT_SECONDS:
                raise asyncio.TimeoutError(f"no answer for {SILENT_SECONDS:.0f} s")
        return []
