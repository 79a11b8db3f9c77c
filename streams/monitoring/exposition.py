"""All series of a worker, in the form that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

import evalstream

from ..pipeline import Pipeline
from .counters import Counters
from .fresh import FreshRows
from .lag_families import LagReader
from .run_families import run_families, shown_runs

__all__ = ["WorkerState", "exposition"]


class WorkerState:
    """Reads all series of a worker; on the event loop, where nothing changes while it reads.

    Parameters
    ----------
    counters
        What the agents told.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._rows, self._lag = FreshRows(), LagReader()
        self._app: Any = None
        self._pipeline: Pipeline | None = None

    def watch(self, app: Any, pipeline: Pipeline) -> None:
        """Read this app from now on."""
        self._app, self._pipeline = app, pipeline

    async def families(self) -> list[Metric]:
        """Return everything as it is now."""
        info = GaugeMetricFamily("evalstream_build_info", "The version that runs; always 1.", labels=["version"])
        info.add_metric([evalstream.__version__], 1)
        families = [info, *self._counters.families()]
        if self._pipeline is not None:
            shown = shown_runs(self._pipeline.runs, self._counters.active, time.monotonic())
            self._rows.forget_all_but(shown)
            families += run_families(shown, self._rows.of)
        if self._ready():
            families += await self._lag.families(self._app)
        return families

    def _ready(self) -> bool:
        # While partitions move, what the consumer says of them means nothing.
        return self._app is not None and self._app.tables.actives_ready and not self._app.rebalancing


class _Snapshot(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def exposition(families: Iterable[Metric], accept: str) -> tuple[bytes, str]:
    """Print series in a format that the client accepts; return the text and its content type.

    Examples
    --------
    >>> text, content_type = exposition([GaugeMetricFamily("up", "Whether it is.", value=1)], "")
    >>> text.decode().splitlines(), content_type.split(";")[0]
    (['# HELP up Whether it is.', '# TYPE up gauge', 'up 1.0'], 'text/plain')
    """
    registry = CollectorRegistry(auto_describe=False)  # of our own: in the global one anybody's series may be
    registry.register(_Snapshot(families))
    encoder: Callable[[CollectorRegistry], bytes]
    encoder, content_type = choose_encoder(accept)
    return encoder(registry), content_type
