"""Records out to Kafka, in batches that we pack ourselves, until the broker has confirmed them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError

from ...errors import BrokerError
from ...pauses import pauses
from ...settings.model import Settings
from ..record import NewRecord
from .connection import client_arguments
from .failures import FAILURES, explained, may_pass
from .partitions import partition_of
from .reach import raise_unreachable

__all__ = ["KafkaSender"]

logger = logging.getLogger(__name__)

BATCH_BYTES = 512 * 1024
MOST_BYTES = 90 * 1024 * 1024
"""What a broker closes the connection over, without an answer: its socket.request.max.bytes is 100 MiB."""

FIRST_PAUSE, LAST_PAUSE = 0.5, 30.0
"""Seconds between two tries while the brokers do not answer; each pause is twice the one before."""

FIRST_NOTICE, LAST_NOTICE = 5.0, 60.0
"""Seconds after which somebody who waits is told so, again and again; each time twice as long."""

STOP_SECONDS = 3.0

_Partitions = dict[int, list[NewRecord]]


class KafkaSender:
    """A producer: idempotent, ``acks=all``, patient.

    While the brokers do not answer it waits, and says so now and then. aiokafka itself sends a batch again until it is
    confirmed, and the brokers know it by its number; only if they have forgotten the producer there is a new one, and
    a batch that was in doubt may be there twice. Whoever reads it drops doubles by their ids.

    Parameters
    ----------
    settings
        Broker, security, largest message, prefix of topics.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._counts: dict[str, int] = {}
        self._starting = asyncio.Lock()
        self._unconfirmed: set[asyncio.Future[Any]] = set()

    def name(self, topic: str) -> str:
        """Return the topic's name on the broker."""
        return self._settings.topic_prefix + topic

    async def start(self) -> None:
        """Connect.

        Raises
        ------
        BrokerError
            No broker answers, or it refuses us.
        """
        try:
            await self._started()
        except FAILURES as error:
            await raise_unreachable(self._settings, error)

    async def stop(self) -> None:
        """Let go of the connection; what is not confirmed by now was not promised."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _let_go(producer)
        for future in list(self._unconfirmed):
            # Nobody else would ever tell those who wait for what a producer had not sent.
            if not future.done():
                future.set_exception(KafkaConnectionError("the producer has been stopped"))

    async def send(
        self, topic: str, records: Sequence[NewRecord], partition: int | None = None
    ) -> Mapping[int, tuple[int, int]]:
        """Send records, those of one partition in order; return when the brokers have them for good.

        Parameters
        ----------
        topic
            Without the prefix.
        partition
            Where all of them go; by default each goes where its key says.

        Returns
        -------
        dict
            For each partition the offset of the first record, and how many there are.

        Raises
        ------
        BrokerError
            They refuse them for a reason that waiting does not mend.
        """
        sending = asyncio.ensure_future(self._send(topic, records, partition))
        begin, notice = time.monotonic(), FIRST_NOTICE
        try:
            while not (await asyncio.wait({sending}, timeout=notice))[0]:
                notice = min(2 * notice, LAST_NOTICE)
                logger.warning(
                    "Kafka has not taken records for %s for %.0f s; they wait until it does.",
                    self.name(topic), time.monotonic() - begin,
                )  # fmt: skip
            return sending.result()
        finally:
            sending.cancel()

    async def _send(
        self, topic: str, records: Sequence[NewRecord], partition: int | None
    ) -> Mapping[int, tuple[int, int]]:
        waiting, sent = _Partitions(), dict[int, tuple[int, int]]()
        again = pauses(FIRST_PAUSE, LAST_PAUSE)
        if partition is not None:
            waiting[partition] = list(records)
            records = ()
        while records or waiting:
            producer = None
            try:
                producer = await self._started()
                if records:
                    waiting, records = await self._spread(producer, topic, records), ()
                failure = await self._try(producer, topic, waiting, sent)
            except FAILURES as error:
                failure = error
            if failure is None:
                continue
            if not may_pass(failure):
                raise explained(failure, f"sending to topic {self.name(topic)}") from failure
            pause = next(again)
            logger.warning(
                "Kafka does not take records for %s (%s); next try in %.1f s",
                self.name(topic), type(failure).__name__, pause,
            )  # fmt: skip
            # A new producer: after a batch in doubt the old one's sequence numbers have a hole, which brokers refuse.
            # Unless another send has been here first, and has made it already.
            if producer is not None and producer is self._producer:
                await self.stop()
            await asyncio.sleep(pause)
        return sent

    async def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has, 0 if there is no such topic; raises KafkaError."""
        count = self._counts.get(topic)
        if count is None:
            producer = await self._started()
            cluster = await producer.client.fetch_all_metadata()
            count = len(cluster.partitions_for_topic(self.name(topic)) or ())
            if count:
                self._counts[topic] = count
        return count

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **client_arguments(self._settings),
                    acks="all",
                    enable_idempotence=True,
                    compression_type="lz4",
                    max_batch_size=min(BATCH_BYTES, self._settings.max_message_bytes),
                    max_request_size=max(self._settings.max_message_bytes, 2 * BATCH_BYTES) + 1024,
                )
                try:
                    await producer.start()
                except BaseException:
                    await _let_go(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _spread(self, producer: AIOKafkaProducer, topic: str, records: Iterable[NewRecord]) -> _Partitions:
        count = await self.partitions(topic)
        if not count:
            raise BrokerError(
                f"Kafka has no topic {self.name(topic)!r}: run `evalstream topics create`, or start a worker."
            )
        spread: _Partitions = defaultdict(list)
        for record in records:
            key = record.key or b"" if record.place is None else record.place
            spread[partition_of(key, count)].append(record)
        return dict(spread)

    async def _try(
        self, producer: AIOKafkaProducer, topic: str, waiting: _Partitions, sent: dict[int, tuple[int, int]]
    ) -> BaseException | None:
        """Send what waits, one batch of each partition at a time; take out what is confirmed; return a failure."""
        results = await asyncio.gather(
            *(self._send_partition(producer, topic, partition, waiting, sent) for partition in list(waiting)),
            return_exceptions=True,
        )
        failures = [result for result in results if result is not None]
        for failure in failures:
            if not isinstance(failure, FAILURES):
                raise failure
        return next((f for f in failures if not may_pass(f)), failures[0] if failures else None)

    async def _send_partition(
        self,
        producer: AIOKafkaProducer,
        topic: str,
        partition: int,
        waiting: _Partitions,
        sent: dict[int, tuple[int, int]],
    ) -> None:
        records = waiting[partition]
        while records:
            batch, count = producer.create_batch(), 0
            for record in records:
                added = batch.append(
                    timestamp=record.timestamp_ms, key=record.key, value=record.value, headers=list(record.headers)
                )
                if added is None:
                    break
                count += 1
            batch.close()
            if batch.size() > MOST_BYTES:
                raise MessageSizeTooLargeError(f"a record has {records[0].size} bytes")
            future = await producer.send_batch(batch, self.name(topic), partition=partition)
            self._unconfirmed.add(future)
            try:
                confirmed: Any = await future
            finally:
                self._unconfirmed.discard(future)
            first, before = sent.get(partition, (confirmed.offset, 0))
            sent[partition] = (first, before + count)
            del records[:count]
        del waiting[partition]


async def _let_go(producer: AIOKafkaProducer) -> None:
    """Stop a producer, without waiting for brokers that do not answer: it would deliver what is under way first."""
    with contextlib.suppress(*FAILURES):
        await asyncio.wait_for(producer.stop(), STOP_SECONDS)
        return
    with contextlib.suppress(*FAILURES):
        await asyncio.wait_for(producer.client.close(), STOP_SECONDS)
