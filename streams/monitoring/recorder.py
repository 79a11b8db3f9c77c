"""What agents tell of their work, so that somebody may count it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..scoring.emitted import Emitted
from ..tally.rows import DeadRow, Row, ScoreRow
from ..tally.run_state import RunState
from ..transport.record import Batch, Headers, Record

__all__ = ["NoRecorder", "Recorder"]


class Recorder(Protocol):
    """Hears of the agents' work, on the event loop; must not take long."""

    def consumed(self, batch: Batch) -> None:
        """Hear that completions came."""

    def scored(self, record: Record, emitted: Sequence[Emitted]) -> Headers:
        """Hear what a completion's scorers said; return headers for the records that tell it."""

    def dead_lettered(self, stage: str, error: BaseException) -> None:
        """Hear that a record went to the dead letters."""

    def tallied(self, batch: Batch, run: RunState, rows: Sequence[Row]) -> None:
        """Hear which rows of a batch of ``scores`` a run had not counted before; empty for an eval's start or end."""

    def dropped(self, run: RunState, row: ScoreRow | DeadRow) -> None:
        """Hear that a row was not counted: it had been, or the eval has no such scorer. `tallied` follows."""


class NoRecorder:
    """Counts nothing: ``evalstream score``, and a worker without ``metrics_port``."""

    def consumed(self, batch: Batch) -> None:
        """Do nothing."""

    def scored(self, record: Record, emitted: Sequence[Emitted]) -> Headers:
        """Do nothing."""
        return ()

    def dead_lettered(self, stage: str, error: BaseException) -> None:
        """Do nothing."""

    def tallied(self, batch: Batch, run: RunState, rows: Sequence[Row]) -> None:
        """Do nothing."""

    def dropped(self, run: RunState, row: ScoreRow | DeadRow) -> None:
        """Do nothing."""
