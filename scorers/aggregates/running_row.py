"""One running row: some metrics over one kind of value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from evalstream.scorers.metric import Metric
from evalstream.scorers.results.models import EvalMetric
from evalstream.scorers.results.naming import add_list_metric, keyed_metrics
from evalstream.scorers.value import Value, is_unscored

from .base import Metadata
from .running import aggregate_for

__all__ = ["Place", "Recompute", "RunningRow"]


@dataclass(frozen=True)
class Place:
    """Where a metric stands: under which reducer (by name), and for which key of dict values."""

    reducer: str | None
    key: str | None


Recompute = Callable[[Metric, Place], Any]
"""Gives the value of a metric that has no aggregate; NaN if it is not known yet."""


class RunningRow:
    """Aggregates of some metrics, with the counts of scored and unscored values.

    A value that an aggregate cannot take (a sample without the cluster that `stderr` asks for) makes that metric NaN
    for as long as it is there; over the final scores the metric raises.
    """

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics
        self._aggregates = [aggregate_for(metric) for metric in metrics]
        self._refused = [0] * len(metrics)
        self.scored = self.unscored = 0

    def add(self, value: Value, metadata: Metadata, sign: int) -> None:
        """Add a value, or take it back with a sign of -1."""
        if is_unscored(value):
            self.unscored += sign
            return
        self.scored += sign
        for index, aggregate in enumerate(self._aggregates):
            if aggregate is not None:
                try:
                    (aggregate.update if sign > 0 else aggregate.retract)(value, metadata)
                except Exception:  # noqa: BLE001 - a user's to_float may raise anything
                    self._refused[index] += sign

    def metrics(self, place: Place, recompute: Recompute | None) -> dict[str, EvalMetric]:
        """Return the metrics, named as in final results; those that nobody can compute are left out."""
        named: dict[str, EvalMetric] = {}
        for metric, aggregate, refused in zip(self._metrics, self._aggregates, self._refused, strict=True):
            if aggregate is not None:
                value = float("nan") if refused else _get(aggregate.get)
            elif recompute is not None:
                value = recompute(metric, place)
            else:
                continue
            # A value that is no number costs its metric; over the final scores it is an error.
            with suppress(TypeError, ValueError):
                if place.key is None:
                    add_list_metric(named, metric, value)
                else:
                    named.update(keyed_metrics(metric, value))
        return named


def _get(get: Callable[[], Any]) -> Any:
    try:
        return get()
    except ValueError:  # a group that is named like the total
        return float("nan")
