"""All runs that a worker knows, and their rebuilding from the table of segments."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..errors import StateError
from ..events import EvalCompleted, EvalGivenUp, EvalStarted, LogMaterialised, ScoreEmitted
from ..scoring.instances import Instances
from .keys import Key, Kind, read_key
from .rows import decode_segment
from .run_state import RunState

__all__ = ["Runs"]

logger = logging.getLogger(__name__)


class Runs:
    """Runs by eval id and run id.

    Parameters
    ----------
    load_score
        Reads an event of ``scores`` again by its partition and offset.
    place
        Gives the partition in which an eval's events are.

    Attributes
    ----------
    instances
        What new runs have of their metrics and reducers already made.
    """

    def __init__(
        self, load_score: Callable[[int, int], ScoreEmitted], place: Callable[[str], int] = lambda eval_id: 0
    ) -> None:
        self._load_score, self.place = load_score, place
        self.instances: Instances | None = None
        self._runs: dict[tuple[str, str], RunState] = {}

    def get(self, eval_id: str, run_id: str) -> RunState:
        """Return a run, a new one at first sight."""
        run = self._runs.get((eval_id, run_id))
        if run is None:
            partition = self.place(eval_id)
            load = partial(self._load_score, partition)
            run = self._runs[eval_id, run_id] = RunState(eval_id, run_id, load, partition, self.instances)
        return run

    def __iter__(self) -> Iterator[RunState]:
        return iter(list(self._runs.values()))

    def forget(self, run: RunState) -> None:
        """Let go of a run; events that come of it make a new one."""
        self._runs.pop((run.eval_id, run.run_id), None)

    def unfinished(self) -> list[RunState]:
        """Return the runs whose log is not written yet, or has to be written again."""
        return [run for run in self if run.abandoned is None and not run.log_holds()]

    def rebuild(self, tables: Iterable[Mapping[bytes, bytes]], kept: Collection[int] = ()) -> None:
        """Make the runs anew from the table's records; of several owners' records each holds true.

        Parameters
        ----------
        tables
            The records of each partition that this worker has and did not have before.
        kept
            Partitions whose runs are up to date as they are. Runs of all others are forgotten.
        """
        self._runs = {key: run for key, run in self._runs.items() if run.partition in kept}
        for table in tables:
            for key, value in sorted(_written(table)):
                try:
                    self._restore(self.get(key.eval_id, key.run_id), key.kind, value)
                except (StateError, ValidationError) as error:
                    logger.warning("a record of the table is passed over, %s: %s", key, error)

    def _restore(self, run: RunState, kind: Kind, value: bytes) -> None:
        if kind in ("rows", "merged"):
            for row in decode_segment(value):
                run.apply(row)
        else:
            restore: dict[str, Callable[[Any], object]] = {
                "start": lambda text: run.start(EvalStarted.model_validate_json(text)),
                "given up": lambda text: run.give_up(EvalGivenUp.model_validate_json(text)),
                "complete": lambda text: run.complete(EvalCompleted.model_validate_json(text)),
                "log": lambda text: setattr(run, "materialised", LogMaterialised.model_validate_json(text)),
            }
            restore[kind](value)


def _written(table: Mapping[bytes, bytes]) -> Iterator[tuple[Key, bytes]]:
    """Yield the records of a table that a worker can have written; the changelog is a topic like any other."""
    for key, value in table.items():
        try:
            yield read_key(key), value
        except StateError as error:
            logger.warning("a record of the table is passed over: %s", error)
