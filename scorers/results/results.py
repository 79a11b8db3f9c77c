"""All results of an eval, from its scores."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from evalstream.scorers.errors import ReducerError
from evalstream.scorers.metric import scores_view
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.scorer import Metrics

from .column import ScoreColumn
from .headline import resolve_headline
from .models import EvalResults, EvalScore, HeadlineMetric
from .rows import column_rows
from .scorer_info import ScorerInfo
from .views import all_metrics, reduced_views, split_views

__all__ = ["eval_results"]


def eval_results(
    *,
    total_samples: int,
    completed_samples: int,
    columns: Sequence[tuple[ScorerInfo, ScoreColumn, str]],
    reducers: Sequence[ScoreReducer] | None = None,
    metrics: Metrics | None = None,
    headline: HeadlineMetric | None = None,
    early_stopping: Any = None,
    metadata: dict[str, Any] | None = None,
    logged_samples: int | None = None,
) -> EvalResults:
    """Compute the results of an eval, number for number as Inspect does on the same scores in the same order.

    Parameters
    ----------
    total_samples, completed_samples
        Samples times epochs that were planned, and those that ended without an error.
    columns
        For each scorer, in order: what is known of it, its scores, and its name in the log.
    reducers
        How epochs are reduced: None for the mean, an empty list for not at all.
    metrics
        Metrics that replace every scorer's own (those of the task).
    headline
        The declared headline metric.
    early_stopping, metadata, logged_samples
        Carried over as they are.

    Raises
    ------
    MetricError, ReducerError
        A metric or reducer raised; the error names it and the cause is chained.
    InvalidMetricsError
        Metrics by key, and values without that key.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy
    >>> column = ScoreColumn(["s1", "s1", "s2", "s2"], ["C", "I", "C", "C"])
    >>> results = eval_results(
    ...     total_samples=4, completed_samples=4, columns=[(ScorerInfo("match", [accuracy()]), column, "match")]
    ... )
    >>> results.scores[0].metrics["accuracy"].value
    0.75
    """
    rows: list[EvalScore] = []
    for info, column, name in columns:
        of_scorer = info if metrics is None else dataclasses.replace(info, metrics=metrics)
        rows.extend(_rows(of_scorer, column, name, reducers))
    return EvalResults(
        total_samples=total_samples,
        completed_samples=completed_samples,
        logged_samples=logged_samples,
        early_stopping=early_stopping,
        scores=rows,
        headline=resolve_headline(rows, headline),
        metadata=metadata,
    )


def _rows(info: ScorerInfo, column: ScoreColumn, name: str, reducers: Sequence[ScoreReducer] | None) -> list[EvalScore]:
    if reducers is not None and not reducers:
        if any(scores_view(m) == "reduced" for m in all_metrics(info.metrics)) and _has_epochs(column):
            raise ReducerError(
                f"A metric of the scorer {info.name!r} needs one score per sample, but reduction is off and samples"
                ' have several: configure a reducer, or declare the metric with scores="auto" or "unreduced".'
            )
        return column_rows(column, info.metrics, info, name, None)
    rows: list[EvalScore] = []
    reduced, unreduced = split_views(info.metrics)
    if reduced is not None:
        for reducer, reducer_name in reduced_views(info.metrics, reducers):
            rows.extend(column_rows(column.reduced(reducer), reduced, info, name, reducer_name))
    if unreduced is not None:
        rows.extend(column_rows(column, unreduced, info, name, None))
    return rows


def _has_epochs(column: ScoreColumn) -> bool:
    return any(len(epochs) > 1 for epochs in column.epochs())
