"""When a run's metrics are published: now and then while scores come, and once when the ledger balances."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..events import MetricsUpdated
from .run_state import RunState

__all__ = ["Snapshots"]

SLOWDOWN = 10
"""A snapshot that takes a second (metrics of users are computed anew) is followed by ten without one."""


class Snapshots:
    """Decides on snapshots, and makes them.

    Parameters
    ----------
    interval
        Seconds between two snapshots of a run, at least.
    clock
        Seconds that only go forward; tests bring their own.
    """

    def __init__(self, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval, self._clock = interval, clock
        self._due: dict[tuple[str, str], float] = {}

    def of(self, run: RunState) -> MetricsUpdated | None:
        """Return the snapshot that is due for a run, if one is.

        The final one comes exactly once per worker, and once more whenever something changed after it: a sample that
        had failed has its score. ``run.final`` tells, which a change takes away; after a restart the log does.
        """
        if run.final is not None or run.log_holds():
            return None
        key = (run.eval_id, run.run_id)
        final = run.balances()
        now = self._clock()
        if not final and now < self._due.get(key, 0.0):
            return None
        rows = _final_rows(run) if final else [row.as_json() for row in run.running_rows()]
        run.rows = rows
        self._due[key] = now + max(self._interval, SLOWDOWN * (self._clock() - now))
        if final:
            self._due.pop(key, None)
        return MetricsUpdated(
            eval_id=run.eval_id,
            run_id=run.run_id,
            final=final,
            scores=rows,
            partial_samples=run.partial(),
            ledger=run.ledger(),
            usage=run.usage() or None,
        )


def _final_rows(run: RunState) -> list[dict[str, Any]]:
    results = run.finish().results
    return [] if results is None else [row.as_json() for row in results.scores]
