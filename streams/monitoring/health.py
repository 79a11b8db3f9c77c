"""Whether a worker lives, and whether it is ready: read on the event loop, told by another thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..pipeline import Pipeline

__all__ = ["Health"]

BEAT_SECONDS = 0.25
STALE_SECONDS = 10.0
"""Longer than a batch of scorers that compute takes; a worker is restarted only if this goes on, see
`deploy/kubernetes/deployment.yaml`."""


class Health:
    """A heart that beats on the event loop.

    Parameters
    ----------
    stale
        A loop that was silent for so many seconds is blocked.
    clock
        Seconds that only go forward.
    """

    def __init__(self, stale: float = STALE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._stale, self._clock = stale, clock
        self._last = clock()
        self._app: Any = None
        self._pipeline: Pipeline | None = None
        self._stopping = False
        self._unready: str | None = "starting: not connected to the broker yet"

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(BEAT_SECONDS)

    def look(self) -> None:
        """Note that the loop runs, and how the app is."""
        self._last = self._clock()
        if self._app is not None:
            self._unready = _unready(self._app)

    def watch(self, app: Any, pipeline: Pipeline) -> None:
        """Look at this app from now on."""
        self._app, self._pipeline = app, pipeline

    def drain(self) -> None:
        """Say that the worker stops."""
        self._stopping = True

    def ill(self) -> str | None:
        """Return what is wrong with the worker so that it should be restarted; None if nothing is. For any thread."""
        failed = self._failure()
        if failed is not None:
            return failed
        silent = self._clock() - self._last
        return f"the event loop has been blocked for {silent:.0f} s" if silent > self._stale else None

    def unready(self) -> str | None:
        """Return why the worker does not work on all that is its own; None if it does. For any thread."""
        return "stopping" if self._stopping else self.ill() or self._unready

    def _failure(self) -> str | None:
        failed = self._pipeline.failed if self._pipeline is not None else None
        if failed is None or not failed.done() or failed.cancelled():
            return None
        error = failed.exception()
        return f"failed: {type(error).__name__}: {error}"


def _unready(app: Any) -> str | None:
    # Faust's own words: a rebalance ends when the tables of the new partitions are recovered.
    try:
        assigned = len(app.consumer.assignment())
    except Exception:  # noqa: BLE001 (the consumer has not started, and each transport says so in another way)
        return "starting: not in the group of workers yet"
    if app.rebalancing or not app.tables.actives_ready:
        return f"recovering {assigned} partitions" if assigned else "waiting for partitions"
    return None if assigned else "no partitions: there are more workers than partitions"
