"""Which metrics see reduced scores and which see each epoch's own, and under which reducers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalstream.scorers.metric import Metric, scores_view
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.mean import mean_score
from evalstream.scorers.reducers.names import reducer_log_name
from evalstream.scorers.scorer import Metrics

__all__ = ["all_metrics", "reduced_views", "split_views"]


def all_metrics(metrics: Metrics) -> Iterator[Metric]:
    """Each single metric of a declaration."""
    for item in metrics.values() if isinstance(metrics, Mapping) else metrics:
        if isinstance(item, Mapping):
            for inner in item.values():
                yield from inner
        elif isinstance(item, Sequence):
            yield from item
        else:
            yield item


def split_views(metrics: Metrics) -> tuple[Metrics | None, Metrics | None]:
    """Split a declaration into what sees reduced scores and what sees each epoch's; None where nothing is left."""
    return _only(metrics, unreduced=False), _only(metrics, unreduced=True)


def reduced_views(metrics: Metrics, reducers: Sequence[ScoreReducer] | None) -> list[tuple[ScoreReducer, str | None]]:
    """List the reducers that a scorer's scores go through, each with its name in the results.

    Without a configured reducer it is the mean, which goes unnamed unless some metrics see reduced scores and others
    each epoch's. With an empty list nothing is reduced.
    """
    reduced, unreduced = split_views(metrics)
    if reduced is None:
        return []
    if reducers is None:
        return [(mean_score(), None if unreduced is None else "mean")]
    return [(reducer, reducer_log_name(reducer)) for reducer in reducers]


def _only(metrics: Metrics, *, unreduced: bool) -> Metrics | None:
    def fits(metric: Metric) -> bool:
        return (scores_view(metric) == "unreduced") is unreduced

    def fitting(declared: Mapping[str, Sequence[Metric]]) -> dict[str, list[Metric]]:
        kept = {key: [m for m in items if fits(m)] for key, items in declared.items()}
        return {key: items for key, items in kept.items() if items}

    if isinstance(metrics, Mapping):
        return fitting(metrics) or None
    kept: list[Metric | Mapping[str, Sequence[Metric]]] = []
    for item in metrics:
        if isinstance(item, Mapping):
            if of_keys := fitting(item):
                kept.append(of_keys)
        elif fits(item):
            kept.append(item)
    return kept or None
