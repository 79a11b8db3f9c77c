"""All running rows of one scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalstream.scorers.metric import Metric
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.driver import ValueReducer
from evalstream.scorers.results.globs import expand
from evalstream.scorers.results.models import EvalMetric, EvalScore
from evalstream.scorers.results.rows import rows_of
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.results.views import reduced_views, split_views
from evalstream.scorers.score import Score
from evalstream.scorers.scorer import Metrics
from evalstream.scorers.value import Value, is_unscored

from .base import Metadata
from .running_row import Place, Recompute, RunningRow

__all__ = ["RunningScorer"]


class RunningScorer:
    """The results of one scorer so far, kept up to date one sample at a time.

    What a change costs depends on the number of epochs, metrics and keys, and not on how many scores there are.

    Parameters
    ----------
    info
        The scorer, with the metrics that apply.
    reducers
        How epochs are reduced: None for the mean, an empty list for not at all. A user's reducer sees scores that have
        a value only.
    epochs
        How many scores a complete sample has.
    name
        The scorer's name in the log, by default the one in ``info``.

    Attributes
    ----------
    samples
        Samples with at least one score.
    partial
        Those of them that lack epochs: their reduced scores are over the epochs that there are.
    failed
        Samples that a reducer could not reduce, or whose value is no dict though metrics are declared by key. The
        running rows leave them out; final results raise.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy
    >>> running = RunningScorer(ScorerInfo("match", [accuracy()]), None, epochs=2)
    >>> running.change([], ["C"], None)
    >>> running.partial, running.rows()[0].metrics["accuracy"].value
    (1, 1.0)
    >>> running.change(["C"], ["C", "I"], None)
    >>> running.partial, running.rows()[0].metrics["accuracy"].value
    (0, 0.5)
    """

    def __init__(
        self, info: ScorerInfo, reducers: Sequence[ScoreReducer] | None, epochs: int, name: str | None = None
    ) -> None:
        self.info, self.epochs, self.name = info, epochs, name if name is not None else info.name
        self.samples = self.partial = 0
        self._views: list[tuple[ScoreReducer | None, _View]] = []
        if reducers is not None and not reducers:
            self._views.append((None, _View(info.metrics, None)))
            return
        reduced, unreduced = split_views(info.metrics)
        if reduced is not None:
            for reducer, reducer_name in reduced_views(info.metrics, reducers):
                self._views.append((reducer, _View(reduced, reducer_name)))
        if unreduced is not None:
            self._views.append((None, _View(unreduced, None)))

    @property
    def failed(self) -> int:
        """Samples that the running rows leave out."""
        return max((view.failed for _, view in self._views), default=0)

    def change(self, before: Sequence[Value], after: Sequence[Value], metadata: Mapping[str, object] | None) -> None:
        """Replace one sample's scores.

        Parameters
        ----------
        before
            The values of the sample's epochs so far, exactly as they were told last; empty for a new sample.
        after
            Its values from now on, in the order of epochs; empty if the sample is taken back.
        metadata
            The sample's metadata, at least what `needed_metadata` asks for, and what `needed_score_metadata` asks for
            under `SCORE_METADATA`, of the first epoch's score; they must not change while the sample has scores.
        """
        for values, sign in ((before, -1), (after, 1)):
            if values:
                self.samples += sign
                self.partial += sign * (len(values) < self.epochs)
                for reducer, view in self._views:
                    view.add(reducer, values, metadata, sign)

    def rows(self, recompute: Recompute | None = None) -> list[EvalScore]:
        """Return the rows so far, as final results would have them over the same scores.

        Keys of dict values come in the order in which they arrived first, which differs from the final one only where
        samples order their keys differently.

        Parameters
        ----------
        recompute
            Called for each metric without an aggregate, see `evalstream.scorers.aggregates.running.aggregate_for`;
            without it, these metrics are left out.
        """
        rows: list[EvalScore] = []
        for _, view in self._views:
            for key, row, unscored in view.rows():
                metrics = row.metrics(Place(view.reducer, key), recompute)
                rows.append(
                    self._row(key if key is not None else self.name, view.reducer, row.scored, unscored, metrics)
                )
        return rows

    def _row(
        self, name: str, reducer: str | None, scored: int, unscored: int, metrics: dict[str, EvalMetric]
    ) -> EvalScore:
        return EvalScore(
            name=name,
            scorer=self.name,
            reducer=reducer,
            scored_samples=scored,
            unscored_samples=unscored,
            params=dict(self.info.params),
            metrics=metrics,
            metadata=dict(self.info.metadata) or None,
        )


class _View:
    """The rows over one view of the scores: reduced by one reducer, or each epoch's own."""

    def __init__(self, metrics: Metrics, reducer: str | None) -> None:
        self.reducer = reducer
        self.failed = 0
        parts = rows_of(metrics)
        self._plain = [RunningRow(part) for part in parts if not isinstance(part, Mapping)]
        self._by_key = [_Keys(part) for part in parts if isinstance(part, Mapping)]
        self._unscored = 0

    def add(self, reducer: ScoreReducer | None, values: Sequence[Value], metadata: Metadata, sign: int) -> None:
        if reducer is not None:
            try:
                if isinstance(reducer, ValueReducer):
                    values = [reducer.reduce_values(values)]
                else:
                    values = [reducer([Score(value=value) for value in values]).value]
            except Exception:  # noqa: BLE001 - a user's reducer may raise anything
                self.failed += sign
                return
        for value in values:
            for row in self._plain:
                row.add(value, metadata, sign)
            if is_unscored(value):
                self._unscored += sign
            elif not self._by_key:
                continue
            elif isinstance(value, Mapping):
                for keys in self._by_key:
                    keys.add(value, metadata, sign)
            else:
                self.failed += sign

    def rows(self) -> list[tuple[str | None, RunningRow, int]]:
        """Each row's key, the row itself, and its count of unscored values."""
        rows: list[tuple[str | None, RunningRow, int]] = [(None, row, row.unscored) for row in self._plain]
        for keys in self._by_key:
            rows.extend((key, row, row.unscored + self._unscored) for key, row in keys.rows())
        return rows


class _Keys:
    """The rows of a dict of metrics: one for each key that the values have and a pattern matches."""

    def __init__(self, metrics: Mapping[str, Sequence[Metric]]) -> None:
        self._metrics = metrics
        self._rows: dict[str, RunningRow] = {}

    def add(self, values: Mapping[str, object], metadata: Metadata, sign: int) -> None:
        for key, value in values.items():
            row = self._rows.get(key)
            if row is None:
                row = self._rows[key] = RunningRow(expand(self._metrics, [key]).get(key, ()))
            row.add(value, metadata, sign)  # type: ignore[arg-type] # a leaf may be None, which counts as scored
            if not row.scored and not row.unscored:
                del self._rows[key]

    def rows(self) -> list[tuple[str, RunningRow]]:
        if not self._rows:  # as in final results, the patterns themselves stand for keys until there are some
            return [(pattern, RunningRow(metrics)) for pattern, metrics in self._metrics.items()]
        return [(key, self._rows[key]) for key in expand(self._metrics, self._rows)]
