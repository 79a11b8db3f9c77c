"""Which runs are forgotten: their logs were written long ago, and recovery would read their state for ever."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from .run_state import RunState

__all__ = ["Forgetting"]


class Forgetting:
    """Tells which runs have outlived their logs.

    Parameters
    ----------
    seconds
        How long the state of a run is kept after its log was written.
    clock
        Unix time, in seconds; tests bring their own.

    Examples
    --------
    >>> from evalstream.streams.events import LogMaterialised
    >>> run = RunState("e1", "live", load_score=None)
    >>> forgetting = Forgetting(60.0, clock=lambda: 1061.0)
    >>> forgetting.outlived([run])
    []
    >>> run.materialised = LogMaterialised(eval_id="e1", location="a", sha256="", status="success", written_at=1000.0)
    >>> [run.eval_id for run in forgetting.outlived([run])]
    ['e1']
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._seconds, self._clock = seconds, clock

    def outlived(self, runs: Iterable[RunState]) -> list[RunState]:
        """Return the runs whose log holds, and was written so long ago."""
        limit = self._clock() - self._seconds
        return [run for run in runs if self._written_at(run) < limit and run.log_holds()]

    def _written_at(self, run: RunState) -> float:
        log = run.materialised
        return float("inf") if log is None or log.written_at is None else log.written_at
