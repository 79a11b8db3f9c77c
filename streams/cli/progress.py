"""How a run's progress is shown: a bar with running metrics on a terminal, lines elsewhere, or nothing."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from ..errors import StreamsError
from ..events import LogMaterialised
from ..tally.run_state import RunState
from .report import brief

__all__ = ["Display", "ProgressView"]

Display = Literal["full", "conversation", "rich", "plain", "log", "none"]

LINE_SECONDS = 5.0


class ProgressView:
    """A listener that shows what it hears.

    Parameters
    ----------
    console
        Where to; standard error, so that standard output holds results only.
    display
        Inspect's names: "full", "conversation" and "rich" are a bar (lines, if there is no terminal), "plain" and "log"
        are lines, "none" is nothing.
    """

    def __init__(self, console: Console, display: Display) -> None:
        self._console = console
        self._lines = display != "none"
        self._bar: Progress | None = None
        self._next_line = time.monotonic() + LINE_SECONDS
        if display in {"full", "conversation", "rich"} and console.is_terminal:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
                TextColumn("{task.fields[metrics]}", markup=False),
                console=console,
                transient=True,
            )
            self._scoring = self._bar.add_task("scoring", total=None, metrics="")
            self._writing = self._bar.add_task("writing", total=None, metrics="", visible=False)

    def __enter__(self) -> ProgressView:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_progress(self, run: RunState) -> None:
        """Show how many samples have their scores, and the running metrics."""
        if self._bar is not None:
            self._bar.update(self._scoring, completed=run.received, total=run.expected, metrics=brief(run.rows))
        elif self._lines and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print(f"scored {run.received} of {run.expected}  {brief(run.rows)}", markup=False)

    def on_writing(self, run: RunState, samples: int) -> None:
        """Show how much of the log is written."""
        if samples % 100 and samples != run.received:
            return
        if self._bar is not None:
            self._bar.update(self._writing, completed=samples, total=run.received, visible=True)
        elif self._lines and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._console.print(f"wrote {samples} of {run.received}", markup=False)

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        """Do nothing: the report follows."""

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        """Give up: the command says why."""
        return False
