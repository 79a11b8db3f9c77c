"""A run's metrics as they are now, at a bounded price."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from evalstream.scorers.results.models import EvalScore

from ..tally.run_state import RunState
from ..tally.snapshots import SLOWDOWN

__all__ = ["FreshRows"]


class FreshRows:
    """Result rows for scrapes: computed again only when scores came, and not much more often than is cheap.

    Metrics of users are computed anew from all scores; Prometheus may ask often, and there may be several of it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, str], tuple[int, float, Sequence[EvalScore]]] = {}

    def of(self, run: RunState) -> Sequence[EvalScore]:
        """Return a run's final rows if there are, else those over the scores seen so far (or nearly)."""
        key = (run.eval_id, run.run_id)
        if run.final is not None:
            self._kept.pop(key, None)
            return run.final.results.scores if run.final.results else []
        seen = sum(column.scored for column in run.columns)
        now = self._clock()
        counted, due, rows = self._kept.get(key, (-1, 0.0, []))
        if seen != counted and now >= due:
            rows = run.running_rows()
            self._kept[key] = seen, now + SLOWDOWN * (self._clock() - now), rows
        return rows

    def forget_all_but(self, runs: Sequence[RunState]) -> None:
        """Let go of what is kept of other runs."""
        kept = {(run.eval_id, run.run_id) for run in runs}
        self._kept = {key: rows for key, rows in self._kept.items() if key in kept}
