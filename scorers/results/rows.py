"""Rows of results: the metrics of one scorer over one view of its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalstream.scorers import registry
from evalstream.scorers.errors import InvalidMetricsError, MetricError
from evalstream.scorers.metric import Metric
from evalstream.scorers.scorer import Metrics

from .call import metric_value
from .column import ScoreColumn
from .globs import expand
from .models import EvalMetric, EvalScore
from .naming import add_list_metric, keyed_metrics
from .scorer_info import ScorerInfo

__all__ = ["column_rows", "rows_of"]


def column_rows(
    column: ScoreColumn, metrics: Metrics, info: ScorerInfo, name: str, reducer: str | None
) -> list[EvalScore]:
    """Compute the rows of one scorer over one view of its scores.

    A list of metrics gives one row for the values themselves; each dict of metrics gives a row for each key.

    Raises
    ------
    MetricError
        A metric raised, or gave something that is not a number.
    InvalidMetricsError
        A dict of metrics, but a value that is not a dict or lacks a key.
    """
    rows: list[EvalScore] = []
    scored = column.scored()
    unscored = len(column) - len(scored)
    for part in rows_of(metrics):
        if isinstance(part, Mapping):
            first = next((value for value in scored.values if isinstance(value, dict)), None)
            for key, of_key in (part if first is None else expand(part, first)).items():
                leaves = _leaves(scored, key, name)
                counted = leaves.scored()
                missing = unscored + len(leaves) - len(counted)
                named = _named(of_key, counted, name, by_key=True)
                rows.append(_row(key, name, reducer, info, named, len(counted), missing))
        else:
            named = _named(part, scored, name, by_key=False)
            rows.append(_row(name, name, reducer, info, named, len(scored), unscored))
    return rows


def rows_of(metrics: Metrics) -> list[Sequence[Metric] | Mapping[str, Sequence[Metric]]]:
    """Split a declaration into its list of plain metrics (perhaps empty) and its dicts, in the order of rows."""
    if isinstance(metrics, Mapping):
        return [metrics]
    plain = [item for item in metrics if not isinstance(item, Mapping)]
    return [plain, *(item for item in metrics if isinstance(item, Mapping))]


def _named(metrics: Sequence[Metric], scores: ScoreColumn, scorer: str, *, by_key: bool) -> dict[str, EvalMetric]:
    row: dict[str, EvalMetric] = {}
    for metric in metrics:
        value = metric_value(metric, scores, scorer)
        try:
            if by_key:
                row.update(keyed_metrics(metric, value))
            else:
                add_list_metric(row, metric, value)
        except (TypeError, ValueError) as error:
            raise MetricError(registry.short_log_name(metric), scorer, error) from error
    return row


def _leaves(scored: ScoreColumn, key: str, scorer: str) -> ScoreColumn:
    for index, value in enumerate(scored.values):
        if not isinstance(value, dict):
            what = f"is {value!r}, not a dict"
        elif key not in value:
            what = f"has no key {key!r}"
        else:
            continue
        raise InvalidMetricsError(
            f"The scorer {scorer!r} declares metrics by key, but its value for sample {scored.sample_ids[index]!r}"
            f" {what}: give every sample a dict with the same keys, or NaN for one without a score."
        )
    return scored.leaves(key)


def _row(
    name: str,
    scorer: str,
    reducer: str | None,
    info: ScorerInfo,
    metrics: dict[str, EvalMetric],
    scored: int,
    unscored: int,
) -> EvalScore:
    return EvalScore(
        name=name,
        scorer=scorer,
        reducer=reducer,
        scored_samples=scored,
        unscored_samples=unscored,
        params=dict(info.params),
        metrics=metrics,
        metadata=dict(info.metadata) or None,
    )
