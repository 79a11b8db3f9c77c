"""The thread in which aiokafka's consumer runs: how it joins, where it reads on, what it commits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, cast

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from ...pauses import pauses
from .connection import client_arguments

__all__ = ["ConsumerThread"]

logger = logging.getLogger(__name__)

FETCH_BYTES = 1024 * 1024
"""Bytes of one partition's records in a fetch, and so in a batch; a larger record comes all the same (KIP-74)."""

FETCH_WAIT_MS = 200

STOP_SECONDS = 10.0

NEVER_MS = 24 * 60 * 60 * 1000
"""Faust stops polling while an agent's queue is full, and a slow judge may keep it full for hours. That a worker lives
is told by its heartbeats."""


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Faust's thread of aiokafka's consumer, with our settings, and with positions that are sought back for good."""

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

    async def on_thread_stop(self) -> None:
        # While brokers do not answer, aiokafka's way to stop ends in a CancelledError, or not at all; Faust would wait
        # for this thread for ever.
        stopping = asyncio.ensure_future(super().on_thread_stop())
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
        if not stopping.done():
            stopping.cancel()
        elif not stopping.cancelled() and stopping.exception() is not None:
            logger.info("The consumer did not stop well: %r", stopping.exception())

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
        consumer = self._ensure_consumer()
        for pause in pauses():
            mine = consumer.assignment()
            changelogs = {tp for tp in mine if self.consumer._is_changelog_tp(tp)}
            consumer.pause(*changelogs)  # nobody reads them, so nobody need fetch them ahead
            wanted = sorted(mine - changelogs)
            try:
                committed = dict(zip(wanted, await asyncio.gather(*map(consumer.committed, wanted)), strict=True))
                first = await consumer.beginning_offsets(wanted) if wanted else {}
                break
            except IllegalStateError:
                return {}  # partitions move again, and will be sought again
            except KafkaError as error:
                logger.warning("Offsets cannot be read (%s). Next try in %.1f s", type(error).__name__, pause)
                await asyncio.sleep(pause)
        for tp in consumer.assignment() & committed.keys():
            offset = committed[tp]
            if offset is not None and offset < first[tp]:
                logger.warning(
                    "Retention has removed records %d to %d of topic %s, partition %d, before they were read",
                    offset, first[tp] - 1, tp.topic, tp.partition,
                )  # fmt: skip
            consumer.seek(tp, first[tp] if offset is None else offset)
        return {TP(tp.topic, tp.partition): offset for tp, offset in committed.items()}

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
