"""What follows from a run's scores: running metrics while they come, results when all are there."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from evalstream.scorers.aggregates.base import SCORE_METADATA
from evalstream.scorers.aggregates.needs import needed_metadata, needed_score_metadata
from evalstream.scorers.aggregates.running_row import Place
from evalstream.scorers.aggregates.scorer_state import RunningScorer
from evalstream.scorers.errors import ScorersError
from evalstream.scorers.metric import Metric
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import create_reducers
from evalstream.scorers.results.call import metric_value
from evalstream.scorers.results.column import ScoreColumn
from evalstream.scorers.results.models import EvalResults, EvalScore, HeadlineMetric
from evalstream.scorers.results.results import eval_results
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.results.views import reduced_views
from evalstream.scorers.value import Value

from ..events import EvalStarted, ScoreEmitted
from ..logs.order import Places, given_order, rescore_order
from ..scoring.instances import Instances
from ..scoring.scorer_set import scorer_info
from .column import OutcomeColumn
from .rows import ScoreRow
from .samples import SampleTable

__all__ = ["LoadScore", "RunMetrics"]

LoadScore = Callable[[int], ScoreEmitted]


class RunMetrics:
    """Metrics over the scores of one run.

    Parameters
    ----------
    started
        What the eval said of its scorers, metrics and reducers.
    samples, columns
        The run's own tables, which grow as scores come.
    load_score
        Reads an event of ``scores`` again by its offset; only metrics and reducers of users need whole scores.
    instances
        May have the metrics and reducers already made.

    Attributes
    ----------
    infos
        For each scorer, what its metrics are.
    reducers
        How epochs are reduced: None for the mean, empty for not at all.

    Raises
    ------
    ScorersError
        A metric or reducer that is not registered here.
    """

    def __init__(
        self,
        started: EvalStarted,
        samples: SampleTable,
        columns: list[OutcomeColumn],
        load_score: LoadScore,
        instances: Instances | None = None,
    ) -> None:
        self._started, self._samples, self._columns, self._load_score = started, samples, columns, load_score
        made = instances.infos_for(started.scorers) if instances else None
        self.infos: list[ScorerInfo] = list(made or [scorer_info(spec) for spec in started.scorers])
        self.reducers: Sequence[ScoreReducer] | None = instances.reducers if instances else None
        if self.reducers is None and started.reducers is not None:
            self.reducers = create_reducers(started.reducers)
        self._keeps_metadata = [needed_metadata(info) is not None for info in self.infos]
        self._running = [RunningScorer(info, self.reducers, started.epochs) for info in self.infos]
        for slot, column in enumerate(columns[: len(self.infos)]):
            if not self._keeps_metadata[slot]:
                column.metadata.clear()
            self._replay(slot)

    def keeps_metadata(self, slot: int) -> bool:
        """Tell whether a scorer's metadata stay in memory; a metric of users, which may want all, reads them again."""
        return slot >= len(self._keeps_metadata) or self._keeps_metadata[slot]

    def scored_before(self, slot: int, sample_id: str | int) -> list[int]:
        """Return the numbers of a sample's epochs that have a score, before another one is counted."""
        return self._scored_epochs(slot, sample_id) if slot < len(self._running) else []

    def scored(self, row: ScoreRow, number: int, before: Sequence[int]) -> None:
        """Take in a score that was just counted; ``before`` is what `scored_before` said."""
        if row.slot >= len(self._running):
            return
        after = self._scored_epochs(row.slot, row.sample_id) or [number]
        first = row.metadata if after[0] == number else self._metadata(row.slot, after[0])
        self._change(row.slot, before, after, first)

    def taken_back(self, slot: int, sample_id: str | int, number: int, before: Sequence[int]) -> None:
        """Take in that a score counts no more; ``before`` is what `scored_before` said when it did."""
        if slot < len(self._running):
            after = self._scored_epochs(slot, sample_id)
            self._change(slot, before or [number], after, self._metadata(slot, after[0]) if after else None)

    def _metadata(self, slot: int, number: int) -> dict[str, Any] | None:
        column = self._columns[slot]
        if self._keeps_metadata[slot]:
            return column.metadata.get(number)
        return self._load_score(column.offsets[number]).metadata

    def _scored_epochs(self, slot: int, sample_id: str | int) -> list[int]:
        """Numbers of a sample's epochs that have a score, in order; always empty while each sample has one epoch."""
        if not self._samples.have_epochs:
            return []
        column = self._columns[slot]
        return [n for n in self._samples.epochs_of(sample_id) if column.is_scored(n)]

    def _change(self, slot: int, before: Sequence[int], after: Sequence[int], metadata: dict[str, Any] | None) -> None:
        """Tell a scorer's running metrics that a sample's scored epochs are others now.

        A sample's metadata are those of its first epoch, as in Inspect's reductions; they may change with it.
        """
        running, values = self._running[slot], self._columns[slot].values
        old: list[Value] = [values[n] for n in before]  # type: ignore[misc]
        new: list[Value] = [values[n] for n in after]  # type: ignore[misc]
        first_goes = bool(before) and (not after or before[0] != after[0])
        if first_goes:
            running.change(old, [], self._metadata(slot, before[0]))
            old = []
        if after:
            running.change(old, new, metadata)

    def _replay(self, slot: int) -> None:
        """Feed a scorer's running metrics with the scores that came before the eval's start did."""
        column = self._columns[slot]
        for number, sample_id in enumerate(self._samples.ids):
            if column.is_scored(number):
                epochs = self._scored_epochs(slot, sample_id) or [number]
                if epochs[0] == number:
                    self._change(slot, [], epochs, self._metadata(slot, number))

    def running_rows(self, names: Sequence[str]) -> list[EvalScore]:
        """Return metrics over the scores seen so far, as result rows; metrics of users are computed anew."""
        rows: list[EvalScore] = []
        for slot, (running, name) in enumerate(zip(self._running, names, strict=False)):
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
        given = self._started.order
        if given is None:
            return rescore_order(self._samples.ids, self._samples.epochs)
        return given_order(self._samples.ids, self._samples.epochs, given)

    def column(self, slot: int) -> ScoreColumn:
        """Return a scorer's scores in the order in which Inspect sees a log's samples."""
        outcomes = self._columns[slot] if slot < len(self._columns) else OutcomeColumn()
        numbers = array("q", (n for n in map(int, self.order()) if outcomes.is_scored(n)))
        values: list[Value] = [outcomes.values[n] for n in numbers]  # type: ignore[misc]
        keeps = self._keeps_metadata[slot]

        def stored(index: int) -> dict[str, Any] | None:
            number = numbers[index]
            return outcomes.metadata.get(number) if keeps else self._load_score(outcomes.offsets[number]).metadata

        def of_sample(index: int) -> dict[str, Any] | None:
            return {key: value for key, value in (stored(index) or {}).items() if key != SCORE_METADATA} or None

        def of_score(index: int) -> dict[str, Any] | None:
            return (stored(index) or {}).get(SCORE_METADATA)

        def load(index: int) -> Any:
            return self._load_score(outcomes.offsets[numbers[index]]).score

        ids = [self._samples.ids[n] for n in numbers]
        if not needed_score_metadata(self.infos[slot]):
            return ScoreColumn(ids, values, stored, load)
        return ScoreColumn(ids, values, of_sample, load, score_metadata=of_score)

    def results(self, names: Sequence[str], total: int, completed: int) -> EvalResults:
        """Return the final results, number for number as Inspect computes them on the same scores.

        Parameters
        ----------
        names
            The scorers' names in the log.
        total, completed
            Sample-epochs, and those that ended without an error.

        Raises
        ------
        MetricError, ReducerError, InvalidMetricsError
            A metric or reducer raised, or does not fit the scores.
        """
        declared = (self._started.header.get("eval") or {}).get("headline_metric")
        named = zip(self.infos, names, strict=False)  # a completion may ask for more than the eval said
        columns = [(info, self.column(slot), name) for slot, (info, name) in enumerate(named)]
        return eval_results(
            total_samples=total,
            completed_samples=completed,
            columns=columns,
            reducers=self.reducers,
            headline=HeadlineMetric.model_validate(declared) if declared else None,
        )
