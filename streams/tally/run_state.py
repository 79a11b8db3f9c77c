"""All that is known of one scoring run: which scores came, and what follows from them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from evalstream.scorers.aggregates.needs import needed_metadata
from evalstream.scorers.aggregates.running_row import Place
from evalstream.scorers.aggregates.scorer_state import RunningScorer
from evalstream.scorers.errors import ScorersError
from evalstream.scorers.metric import Metric
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import create_reducers
from evalstream.scorers.registry import unqualified
from evalstream.scorers.results.call import metric_value
from evalstream.scorers.results.column import ScoreColumn
from evalstream.scorers.results.models import EvalResults, EvalScore, HeadlineMetric
from evalstream.scorers.results.results import eval_results
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.results.views import reduced_views
from evalstream.scorers.value import Value

from ..events import EvalCompleted, EvalStarted, LedgerEntry, LogMaterialised, ScoreEmitted
from ..logs.order import Places, given_order, rescore_order
from ..scoring.scorer_set import scorer_info
from .column import OutcomeColumn
from .dataset_ids import put_back, take_out
from .rows import SCORED, DeadRow, ScoreRow
from .samples import SampleTable

__all__ = ["FinalResults", "RunState"]

LoadScore = Callable[[int], ScoreEmitted]


@dataclass(frozen=True)
class FinalResults:
    """A run's results, or why there are none: a metric or reducer that failed."""

    results: EvalResults | None
    error: str | None = None


class RunState:
    """The state of one run, a function of the rows and events that were applied to it, in whatever order they came.

    Of several rows for one score the first one counts; the others are doubles.

    Parameters
    ----------
    eval_id, run_id
        Which run.
    load_score
        Reads an event of ``scores`` again by its offset; only metrics and reducers of users need whole scores.

    Attributes
    ----------
    dataset_ids
        The dataset's sample ids, which ``started`` lists no more; see `header`.
    rows
        The result rows that were published last.
    problem
        Why there are no metrics: the eval asks for some that are not registered here. Its samples are counted all the
        same.
    """

    def __init__(self, eval_id: str, run_id: str, load_score: LoadScore) -> None:
        self.eval_id, self.run_id = eval_id, run_id
        self.started: EvalStarted | None = None
        self.dataset_ids: Sequence[Any] | None = None
        self.completed: EvalCompleted | None = None
        self.materialised: LogMaterialised | None = None
        self.samples = SampleTable()
        self.columns: list[OutcomeColumn] = []
        self.dead: dict[str, DeadRow] = {}
        self.duplicates = 0
        self.segments = 0
        self.infos: list[ScorerInfo] = []
        self.reducers: Sequence[ScoreReducer] | None = None
        self.final: FinalResults | None = None
        self.problem: str | None = None
        self.rows: list[dict[str, Any]] = []
        self._load_score = load_score
        self._running: list[RunningScorer] = []
        self._keeps_metadata: list[bool] = []

    def start(self, event: EvalStarted) -> None:
        """Take in what is known of the eval; a second start of the same run changes nothing.

        A metric or reducer that is not registered here is a `problem` of the run, and no error: recovery meets it
        again.
        """
        if self.started is not None:
            return
        header, self.dataset_ids = take_out(event.header)
        self.started = event.model_copy(update={"header": header})
        try:
            self.infos = [scorer_info(spec) for spec in event.scorers]
            self.reducers = None if event.reducers is None else create_reducers(event.reducers)
            self._keeps_metadata = [needed_metadata(info) is not None for info in self.infos]
            self._running = [RunningScorer(info, self.reducers, event.epochs) for info in self.infos]
        except ScorersError as error:
            self.problem = str(error)
            self.infos, self.reducers, self._keeps_metadata, self._running = [], None, [], []
        for slot, column in enumerate(self.columns[: len(self.infos)]):
            if not self._keeps_metadata[slot]:
                column.metadata.clear()
            self._replay(slot)

    def header(self) -> dict[str, Any]:
        """Return the log's header as far as it was known at the start."""
        return put_back(self.started.header, self.dataset_ids) if self.started else {}

    def complete(self, event: EvalCompleted) -> None:
        """Take in that the eval is over; a second completion changes nothing."""
        if self.completed is None:
            self.completed = event

    def apply(self, row: ScoreRow | DeadRow) -> bool:
        """Take in a row; False if its score (or dead completion) had been counted."""
        if isinstance(row, DeadRow):
            known = row.identity in self.dead
            self.dead.setdefault(row.identity, row)
            self.duplicates += known
            return not known
        while len(self.columns) <= row.slot:
            self.columns.append(OutcomeColumn())
        column = self.columns[row.slot]
        number = self.samples.number(row.sample_id, row.epoch, row.completion, row.errored)
        if column.has(number):
            self.duplicates += 1
            return False
        runs = row.slot < len(self._running) and row.outcome == SCORED
        before = self._scored_epochs(column, row.sample_id) if runs else []
        column.set(number, row, row.slot >= len(self._keeps_metadata) or self._keeps_metadata[row.slot])
        if runs:
            after = self._scored_epochs(column, row.sample_id) or [number]
            first = row.metadata if after[0] == number else self._metadata(row.slot, after[0])
            self._change(row.slot, before, after, first)
        return True

    def _metadata(self, slot: int, number: int) -> dict[str, Any] | None:
        column = self.columns[slot]
        if self._keeps_metadata[slot]:
            return column.metadata.get(number)
        return self._load_score(column.offsets[number]).metadata

    def _scored_epochs(self, column: OutcomeColumn, sample_id: str | int) -> list[int]:
        """Numbers of a sample's epochs that have a score, in order; always empty while each sample has one epoch."""
        if not self.samples.have_epochs:
            return []
        return [n for n in self.samples.epochs_of(sample_id) if column.is_scored(n)]

    def _change(self, slot: int, before: Sequence[int], after: Sequence[int], metadata: dict[str, Any] | None) -> None:
        """Tell a scorer's running metrics that a sample's scored epochs are others now.

        A sample's metadata are those of its first epoch, as in Inspect's reductions; they may change with it.
        """
        running, values = self._running[slot], self.columns[slot].values
        old: list[Value] = [values[n] for n in before]  # type: ignore[misc]
        new: list[Value] = [values[n] for n in after]  # type: ignore[misc]
        if before and before[0] != after[0]:
            running.change(old, [], self._metadata(slot, before[0]))
            old = []
        running.change(old, new, metadata)

    def _replay(self, slot: int) -> None:
        """Feed a scorer's running metrics with the scores that came before the eval's start did."""
        column = self.columns[slot]
        for number, sample_id in enumerate(self.samples.ids):
            if column.is_scored(number):
                epochs = self._scored_epochs(column, sample_id) or [number]
                if epochs[0] == number:
                    self._change(slot, [], epochs, self._metadata(slot, number))

    @property
    def expected(self) -> int | None:
        """Sample-epochs that there are, as far as it is known."""
        if self.completed is not None:
            return self.completed.samples
        return self.started.expected if self.started else None

    @property
    def received(self) -> int:
        """Sample-epochs of which anything came."""
        return len(self.samples) + len(self.dead)

    @property
    def failed(self) -> int:
        """Outcomes that are failures, and completions that could not be read."""
        return sum(column.failed for column in self.columns) + len(self.dead)

    def names(self) -> list[str]:
        """Names of the scorers, as the samples have them (most of them, if they differ)."""
        declared = [unqualified(spec.name) for spec in self.started.scorers] if self.started else []
        declared[: len(self.infos)] = [info.name for info in self.infos]
        names = []
        for slot, column in enumerate(self._all_columns()):
            # A tie goes by name, or the order of arrival would tell.
            counts = sorted((-count, name) for name, count in column.names.items())
            names.append(counts[0][1] if counts else declared[slot] if slot < len(declared) else f"scorer{slot}")
        return names

    def _all_columns(self) -> Iterator[OutcomeColumn]:
        yield from self.columns
        for _ in range(len(self.columns), len(self.started.scorers) if self.started else 0):
            yield OutcomeColumn()

    def ledger(self) -> list[LedgerEntry]:
        """Account for every expected sample-epoch, scorer by scorer."""
        return [
            LedgerEntry(
                scorer=name,
                expected=self.expected,
                received=column.received + len(self.dead),
                scored=column.scored + column.without,
                unscored=column.unscored + column.without,
                failed=column.failed,
                dead_lettered=len(self.dead),
            )
            for name, column in zip(self.names(), self._all_columns(), strict=True)
        ]

    def balances(self) -> bool:
        """Tell whether everything is known and accounted for: the log can be sealed."""
        if self.started is None or self.completed is None:
            return False
        total = self.completed.samples
        return all(e.scored + e.failed + e.dead_lettered >= total for e in self.ledger())

    def running_rows(self) -> list[EvalScore]:
        """Return metrics over the scores seen so far, as result rows; metrics of users are computed anew."""
        rows: list[EvalScore] = []
        for slot, (running, name) in enumerate(zip(self._running, self.names(), strict=False)):
            running.name = name
            rows.extend(running.rows(partial(self._recompute, slot)))
        return rows

    def partial(self) -> int:
        """Count samples some of whose epochs are missing, so that their reduced scores are not their last."""
        return max((running.partial for running in self._running), default=0)

    def _recompute(self, slot: int, metric: Metric, place: Place) -> Any:
        column = self.column(slot)
        reducers = {name: reducer for reducer, name in reduced_views(self.infos[slot].metrics, self.reducers)}
        try:
            if place.reducer in reducers:
                column = column.reduced(reducers[place.reducer])
            column = column.scored()
            if place.key is not None:
                column = column.leaves(place.key).scored()
            return metric_value(metric, column, self.infos[slot].name)
        except (ScorersError, LookupError, TypeError):
            return math.nan  # a metric that fails on what there is so far; over the final scores it is an error

    def order(self) -> Places:
        """Return the numbers of the samples in the order in which metrics see them."""
        given = self.started.order if self.started else None
        if given is None:
            return rescore_order(self.samples.ids, self.samples.epochs)
        return given_order(self.samples.ids, self.samples.epochs, given)

    def column(self, slot: int) -> ScoreColumn:
        """Return a scorer's scores in the order in which Inspect sees a log's samples."""
        outcomes = self.columns[slot] if slot < len(self.columns) else OutcomeColumn()
        numbers = array("q", (n for n in map(int, self.order()) if outcomes.is_scored(n)))
        values: list[Value] = [outcomes.values[n] for n in numbers]  # type: ignore[misc]
        keeps = self._keeps_metadata[slot]

        def metadata(index: int) -> dict[str, Any] | None:
            if keeps:
                return outcomes.metadata.get(numbers[index])
            return self._load_score(outcomes.offsets[numbers[index]]).metadata

        def load(index: int) -> Any:
            return self._load_score(outcomes.offsets[numbers[index]]).score

        return ScoreColumn([self.samples.ids[n] for n in numbers], values, metadata, load)

    def finish(self) -> FinalResults:
        """Return the final results, computed once; a metric's failure is part of them."""
        if self.final is None and self.problem is not None:
            self.final = FinalResults(None, self.problem)
        if self.final is None:
            try:
                self.final = FinalResults(self.results())
            except ScorersError as error:
                self.final = FinalResults(None, str(error))
        return self.final

    def results(self) -> EvalResults:
        """Return the final results, number for number as Inspect computes them on the same scores.

        Raises
        ------
        MetricError, ReducerError, InvalidMetricsError
            A metric or reducer raised, or does not fit the scores.
        """
        spec = (self.started.header.get("eval") or {}) if self.started else {}
        declared = spec.get("headline_metric")
        named = zip(self.infos, self.names(), strict=False)  # a completion may ask for more than the eval said
        columns = [(info, self.column(slot), name) for slot, (info, name) in enumerate(named)]
        return eval_results(
            total_samples=self.received,
            completed_samples=self.received - sum(self.samples.errored) - len(self.dead),
            columns=columns,
            reducers=self.reducers,
            headline=HeadlineMetric.model_validate(declared) if declared else None,
        )
