"""Which evals are given up: nothing has come of them for too long."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ..events import EvalGivenUp
from .run_state import RunState

__all__ = ["Deadlines"]


class Deadlines:
    """Watches runs that have not ended.

    Parameters
    ----------
    seconds
        How long nothing may come of a run.
    clock
        Seconds that only go forward; tests bring their own.

    Examples
    --------
    >>> now = [0.0]
    >>> deadlines = Deadlines(60.0, lambda: now[0])
    >>> run = RunState("e1", "live", load_score=None)
    >>> deadlines.overdue([run])
    []
    >>> now[0] = 61.0
    >>> [event.received for event in deadlines.overdue([run])], deadlines.overdue([run])
    ([0], [])
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._last: dict[tuple[str, str], tuple[int, float]] = {}

    def overdue(self, runs: Iterable[RunState]) -> list[EvalGivenUp]:
        """Return what is to be said of runs of which nothing has come since they were looked at so long ago.

        Look often: what came is noticed by the number of changes at each look. A worker that has just taken over begins
        to count then.
        """
        now = self._clock()
        last, self._last = self._last, {}
        given_up = []
        for run in runs:
            if run.balances() or run.log_holds() or run.abandoned is not None:
                continue
            key = (run.eval_id, run.run_id)
            changes, since = last.get(key, (-1, now))
            since = since if changes == run.changes else now
            if now - since > self._seconds:
                given_up.append(self._give_up(run))
                since = now
            self._last[key] = (run.changes, since)
        return given_up

    def _give_up(self, run: RunState) -> EvalGivenUp:
        reason = f"nothing has come of this eval for {self._seconds:g} s"
        return EvalGivenUp(eval_id=run.eval_id, run_id=run.run_id, received=run.received, reason=reason)
