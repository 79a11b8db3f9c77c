"""A worker's lag, topic by topic, as Prometheus knows it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from .lag import Lag, LagClock

__all__ = ["LagReader"]

BROKER_SECONDS = 2.0

Places = dict[Any, tuple[int, int]]
"""By partition: the offset that the next record will get, and the one that is fetched next."""


class LagReader:
    """Reads where the app's consumer is, and where its topics end."""

    def __init__(self) -> None:
        self._clock = LagClock()
        self._known: Places = {}
        self._asking: asyncio.Task[Places] | None = None

    async def families(self, app: Any) -> list[Metric]:
        """Return the lag over this worker's partitions; nothing of topics of which it has none."""
        consumer, changelogs = app.consumer, app.tables.changelog_topics
        ours = [tp for tp in consumer.assignment() if tp.topic not in changelogs]
        await self._ask(consumer, ours)
        lags: dict[str, list[Lag]] = defaultdict(list)
        for tp in ours:
            if tp in self._known:
                first = consumer.unfinished(tp)
                oldest = None if first is None else (first.offset, first.timestamp_ms)
                lags[consumer.own_name(tp.topic)].append(self._clock.of(tuple(tp), *self._known[tp], oldest))
        records = GaugeMetricFamily(
            "evalstream_consumer_lag_records", "Records that are not done yet, on this worker's partitions.",
            labels=["topic"],
        )  # fmt: skip
        seconds = GaugeMetricFamily(
            "evalstream_consumer_lag_seconds", "Age of the oldest record that is not done yet.",
            labels=["topic"],
        )  # fmt: skip
        for topic, of_topic in sorted(lags.items()):
            records.add_metric([topic], sum(lag.records for lag in of_topic))
            seconds.add_metric([topic], max(lag.seconds for lag in of_topic))
        return [records, seconds]

    async def _ask(self, consumer: Any, ours: Collection[Any]) -> None:
        """Find out about ends and positions; a broker that does not answer in time leaves them as they were."""
        if self._asking is None:
            self._asking = asyncio.create_task(_places(consumer, ours))
        # Not cancelled when it takes too long: Faust answers from another thread, and does not look whether anybody
        # still waits. The next scrape gets the answer, or asks again.
        done, _ = await asyncio.wait({self._asking}, timeout=BROKER_SECONDS)
        if done:
            asking, self._asking = self._asking, None
            # An error is the broker's, or a rebalance's; the worker's log tells of it.
            if not asking.cancelled() and asking.exception() is None:
                self._known = asking.result()


async def _places(consumer: Any, ours: Collection[Any]) -> Places:
    ends = await consumer.highwaters(*ours) if ours else {}
    positions = {tp: await consumer.position(tp) for tp in ours}
    return {tp: (ends[tp], position) for tp, position in positions.items() if position is not None and tp in ends}
