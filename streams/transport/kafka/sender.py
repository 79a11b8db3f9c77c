"""Records out to Kafka, in batches that we pack ourselves, until the broker has confirmed them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)

from ...errors import BrokerError
from ...settings.model import Settings
from ..record import NewRecord
from .connection import client_arguments
from .partitions import partition_of

__all__ = ["FIRST_PAUSE", "LAST_PAUSE", "KafkaSender", "explained"]

logger = logging.getLogger(__name__)

BATCH_BYTES = 512 * 1024
FIRST_PAUSE, LAST_PAUSE = 0.5, 30.0
"""Seconds between two tries while the brokers do not answer; each pause is twice the one before."""

_Partitions = dict[int, list[NewRecord]]

# What waiting cannot mend.
_LOGIN = (AuthenticationFailedError, AuthenticationMethodNotSupported, SaslAuthenticationFailed)
_RIGHTS = (ClusterAuthorizationFailedError, GroupAuthorizationFailedError, TopicAuthorizationFailedError)
_HOPELESS = (*_LOGIN, *_RIGHTS, InvalidTopicError, MessageSizeTooLargeError)

_ADVICE: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((MessageSizeTooLargeError,), "Raise max_message_bytes, and the topic's max.message.bytes with it."),
    (_LOGIN, "Check the kafka_sasl_… settings (evalstream config)."),
    (_RIGHTS, "Ask for the right to do that on this topic or group."),
)


def explained(error: BaseException, doing: str) -> BrokerError:
    """Make the error that says what Kafka refused, and what to do."""
    hint = next((text for kinds, text in _ADVICE if isinstance(error, kinds)), "Check the broker and its log.")
    return BrokerError(f"Kafka: {doing} failed: {type(error).__name__}: {error or 'no reason given'}. {hint}")


class KafkaSender:
    """A producer: idempotent, ``acks=all``, patient.

    While the brokers do not answer it keeps trying, with pauses. A batch that was in doubt is sent again, so that it
    may be there twice; whoever reads it drops doubles by their ids.

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
        except KafkaError as error:
            raise explained(error, f"connecting to {self._settings.broker}") from error

    async def stop(self) -> None:
        """Let go of the connection; what is not confirmed by now was not promised."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(KafkaError):
                await producer.stop()

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
        waiting, pause, sent = dict[int, list[NewRecord]](), FIRST_PAUSE, dict[int, tuple[int, int]]()
        if partition is not None:
            waiting[partition] = list(records)
        while records or waiting:
            try:
                producer = await self._started()
                if records and not waiting:
                    waiting = await self._spread(producer, topic, records)
                records = ()
                failure = await self._try(producer, topic, waiting, sent)
            except KafkaError as error:
                failure = error
            if failure is None:
                continue
            if isinstance(failure, _HOPELESS):
                raise explained(failure, f"sending to topic {self.name(topic)}") from failure
            logger.warning(
                "Kafka does not take records for %s (%s); next try in %.1f s",
                self.name(topic), type(failure).__name__, pause,
            )  # fmt: skip
            # A new producer: after a batch in doubt the old one's sequence numbers have a hole, which brokers refuse.
            await self.stop()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LAST_PAUSE)
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
                    max_batch_size=BATCH_BYTES,
                    max_request_size=max(self._settings.max_message_bytes, 2 * BATCH_BYTES) + 1024,
                )
                try:
                    await producer.start()
                except BaseException:
                    with contextlib.suppress(KafkaError):
                        await producer.stop()
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
            if not isinstance(failure, KafkaError):
                raise failure
        return next((f for f in failures if isinstance(f, _HOPELESS)), failures[0] if failures else None)

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
            confirmed: Any = await (await producer.send_batch(batch, self.name(topic), partition=partition))
            first, before = sent.get(partition, (confirmed.offset, 0))
            sent[partition] = (first, before + count)
            del records[:count]
        del waiting[partition]
