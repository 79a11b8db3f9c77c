"""Faust's consumer on aiokafka, handing on batches.

aiokafka runs in a thread of its own, so that a busy event loop does not keep it from telling the brokers that it lives.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from ..batching import BatchingConsumer
from ..record import Record
from .connection import client_arguments
from .sender import FIRST_PAUSE, LAST_PAUSE

__all__ = ["KafkaConsumer"]

logger = logging.getLogger(__name__)

FETCH_BYTES = 1024 * 1024
"""Bytes of one partition's records in a fetch, and so in a batch; a larger record comes all the same (KIP-74)."""

FETCH_WAIT_MS = 200

NEVER_MS = 24 * 60 * 60 * 1000
"""Faust stops polling while an agent's queue is full, and a slow judge may keep it full for hours. That a worker lives
is told by its heartbeats."""


class KafkaConsumer(BatchingConsumer, driver.Consumer):  # type: ignore[misc]
    """Reads our topics in batches."""

    _asked: tuple[int, int] = (-1, -1)
    _seeking = False

    def _new_consumer_thread(self) -> Any:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def own_name(self, topic: str) -> str:
        return topic.removeprefix(self.app.settings.topic_prefix)

    async def _wait_next_records(self, timeout: float) -> tuple[Mapping[TP, Sequence[Record]] | None, Any]:
        fetched, active = await super()._wait_next_records(timeout)
        if not fetched:
            return fetched, active
        return {
            TP(tp.topic, tp.partition): [Record(r.offset, r.key, r.value, r.headers, r.timestamp) for r in records]
            for tp, records in fetched.items()
        }, active

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Any:
        self._asked = self.app.consumer_generation_id, self._delivery
        return await super()._getmany(active_partitions, timeout)

    def _is_stale(self) -> bool:
        # A fetch may be answered with what the next generation has fetched ahead: it waits while partitions move.
        return self._seeking or self._asked != (self.app.consumer_generation_id, self._delivery)

    async def _give_back(self, fetched: Mapping[TP, Sequence[Record]]) -> None:
        await self._thread.rewind({tp: records[0].offset for tp, records in fetched.items() if records})

    async def perform_seek(self) -> None:
        # What is handed on while this seeks would come twice, and its acknowledgement stand for what comes later.
        self._seeking = True
        try:
            await super().perform_seek()
        finally:
            self._forget_deliveries()
            self._seeking = False

    async def create_topic(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """Do nothing: topics are made before the app starts, with settings that Faust does not know."""

    async def caught_up(self) -> bool:
        """Tell whether all records of this worker's partitions have been handed to the agents."""
        ours = [tp for tp in self.assignment() if not self._is_changelog_tp(tp)]
        if not ours:
            return False  # no partition yet: a rebalance is under way, or there are more workers than partitions
        for tp, end in (await self.highwaters(*ours)).items():
            position = await self.position(tp)
            if position is None or position < end:
                return False
        return True

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust would warn of each agent that has not had an event for long."""


class _Thread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        settings = self.app.settings
        self._assignor = self.app.assignor
        session_ms = int(settings.session_timeout * 1000)
        arguments = client_arguments(settings)
        # Joining a group waits for its other members, longer than any other request.
        arguments["request_timeout_ms"] = max(arguments["request_timeout_ms"], 2 * session_ms)
        return AIOKafkaConsumer(
            **arguments,
            group_id=self.app.conf.id,
            group_instance_id=settings.instance_id,
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_interval_ms=NEVER_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=min(3000, session_ms // 10),
            rebalance_timeout_ms=max(60_000, session_ms),
        )

    async def rewind(self, offsets: Mapping[TP, int]) -> None:
        """Go back to offsets that have been read past."""
        await self.call_thread(self._rewind, offsets)

    async def _rewind(self, offsets: Mapping[TP, int]) -> None:
        consumer = self._ensure_consumer()
        subscription = consumer._subscription.subscription
        for tp, offset in offsets.items():
            place = TopicPartition(tp.topic, tp.partition)
            state = subscription.assignment.state_value(place) if subscription and subscription.assignment else None
            # Who has no position yet will start at what was committed.
            if state is not None and state.has_valid_position and state.position > offset:
                consumer.seek(place, offset)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return cast("Mapping[TP, int]", await self.call_thread(self._seek_to_committed))

    async def _seek_to_committed(self) -> Mapping[TP, int]:
        # aiokafka's own passes over partitions in which nothing is committed: what was fetched too early is lost there.
        consumer, pause = self._ensure_consumer(), FIRST_PAUSE
        while True:
            mine = consumer.assignment()
            changelogs = {tp for tp in mine if self.consumer._is_changelog_tp(tp)}
            consumer.pause(*changelogs)  # nobody reads them, so nobody need fetch them ahead
            wanted = sorted(mine - changelogs)
            try:
                committed = dict(zip(wanted, await asyncio.gather(*map(consumer.committed, wanted)), strict=True))
                unread = [tp for tp, offset in committed.items() if offset is None]
                first = await consumer.beginning_offsets(unread) if unread else {}
                await self._warn_of_losses(consumer, committed)
            except IllegalStateError:
                return {}  # partitions move again, and will be sought again
            except KafkaError as error:
                logger.warning("Offsets cannot be read (%s). Next try in %.1f s", type(error).__name__, pause)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LAST_PAUSE)
                continue
            for tp in consumer.assignment() & committed.keys():
                consumer.seek(tp, first[tp] if committed[tp] is None else committed[tp])
            return {TP(tp.topic, tp.partition): offset for tp, offset in committed.items()}

    async def _warn_of_losses(self, consumer: AIOKafkaConsumer, committed: Mapping[TopicPartition, int | None]) -> None:
        """Tell of records that retention has removed before they were read."""
        due = {tp: offset for tp, offset in committed.items() if offset is not None}
        first = await consumer.beginning_offsets(due) if due else {}
        for tp, offset in due.items():
            if first[tp] > offset:
                logger.warning(
                    "Retention has removed records %d to %d of topic %s, partition %d, before they were read",
                    offset, first[tp] - 1, tp.topic, tp.partition,
                )  # fmt: skip

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        # Faust ends the app if a commit fails. What is not committed comes again, and its effects are there already.
        consumer = self._ensure_consumer()
        mine = self.assignment()
        wanted = {
            TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(offset, "")
            for tp, offset in offsets.items()
            if tp in mine
        }
        try:
            await consumer.commit(wanted)
        except (CommitFailedError, IllegalStateError) as error:
            logger.info("Offsets are not committed, the partitions have moved: %s", error)
            return False
        except KafkaError as error:
            logger.warning("Offsets are not committed (%s); the next commit tries again.", type(error).__name__)
            return False
        return True
