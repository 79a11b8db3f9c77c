"""Faust's consumer on aiokafka, handing on batches: what runs on the event loop.

aiokafka runs in a thread of its own (`consumer_thread`), so that a busy event loop does not keep it from telling the
brokers that it lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from ..batching import BatchingConsumer
from ..record import Record
from .consumer_thread import ConsumerThread

__all__ = ["KafkaConsumer"]


class KafkaConsumer(BatchingConsumer, driver.Consumer):  # type: ignore[misc]
    """Reads our topics in batches."""

    _asked: tuple[int, int] = (-1, -1)
    _seeking = False

    def _new_consumer_thread(self) -> Any:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

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
