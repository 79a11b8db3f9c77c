"""Progress of a scoring, told to a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..errors import StreamsError
from ..events import LogMaterialised
from ..tally.run_state import RunState

__all__ = ["ProgressListener", "ScoreProgress"]


class ScoreProgress(NamedTuple):
    """How far a scoring is.

    ``scored`` of ``total`` sample-epochs have what their scorers said (``total`` is None until it is known);
    ``results`` are the rows of metrics over the scores so far, as they would be in ``log.results.scores``.
    """

    scored: int
    total: int | None
    results: list[dict[str, Any]]


class ProgressListener:
    """A pipeline's listener that tells a function, on the event loop that scores."""

    def __init__(self, tell: Callable[[ScoreProgress], object]) -> None:
        self._tell = tell

    def on_progress(self, run: RunState) -> None:
        """Tell how many samples have their scores."""
        self._tell(ScoreProgress(run.received, run.expected, run.rows))

    def on_writing(self, run: RunState, samples: int) -> None:
        """Do nothing: no file is written that the caller knows of."""

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        """Tell that all is done."""
        self.on_progress(run)

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        """Give up: the caller gets the error."""
        return False
