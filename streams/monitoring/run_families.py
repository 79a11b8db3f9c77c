"""The state of the runs that a worker owns, as Prometheus knows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from evalstream.scorers.results.models import EvalScore

from ..tally.run_state import RunState
from .counters import task_of
from .labels import label

__all__ = ["MOST_RUNS", "SHOWN_SECONDS", "run_families", "shown_runs"]

MOST_RUNS = 100
SHOWN_SECONDS = 15 * 60.0
"""A finished run is shown for so long after its last score: several scrapes see its final numbers, whatever happens."""

MOST_VALUES = 200
"""Metric values of one run; a metric of groups has one for each group that the samples name."""

RUN_LABELS = ["task", "eval", "run"]

_ACCOUNTS = {
    "expected": "Sample-epochs that the eval has, as far as it is known.",
    "received": "Sample-epochs of which the scorer's outcome, or a dead letter, is there.",
    "scored": "Sample-epochs that have a score, unscored ones included.",
    "unscored": "Sample-epochs for which the scorer had nothing to say.",
    "failed": "Sample-epochs on which the scorer failed.",
    "dead_lettered": "Sample-epochs that could not be read.",
}


def shown_runs(runs: Iterable[RunState], active: Mapping[tuple[str, str], float], now: float) -> list[RunState]:
    """Choose the runs that have series, the one that was active last first.

    Parameters
    ----------
    runs
        All runs of this worker.
    active
        When each run's last score came; runs of an earlier life of the worker are not in it.
    now
        The time, on the same clock.
    """

    def last(run: RunState) -> float:
        return active.get((run.eval_id, run.run_id), float("-inf"))

    shown = [
        run for run in runs if (run.materialised is None and run.abandoned is None) or now - last(run) <= SHOWN_SECONDS
    ]
    return sorted(shown, key=last, reverse=True)


def run_families(runs: Collection[RunState], rows_of: Callable[[RunState], Sequence[EvalScore]]) -> list[Metric]:
    """Return the series of runs.

    Parameters
    ----------
    runs
        What to show; the first `MOST_RUNS` of it are shown.
    rows_of
        Gives a run's result rows.
    """
    accounts = {name: _Gauge(f"evalstream_task_samples_{name}", text, ["scorer"]) for name, text in _ACCOUNTS.items()}
    where = ["scorer", "score", "reducer"]
    values = _Gauge("evalstream_metric_value", "Value of a metric over the scores seen so far.", [*where, "metric"])
    samples = _Gauge("evalstream_metric_samples", "Samples (epochs if nothing is reduced) behind the values.", where)
    for run in list(runs)[:MOST_RUNS]:
        run_labels = (task_of(run), label(run.eval_id), label(run.run_id))
        for entry in run.ledger():
            for name, gauge in accounts.items():
                gauge.add(getattr(entry, name), *run_labels, label(entry.scorer))
        room = MOST_VALUES
        for row in rows_of(run):
            place = (*run_labels, label(row.scorer), label(row.name), label(row.reducer))
            if room > 0:
                samples.add(row.scored_samples, *place)
            for key, metric in list(row.metrics.items())[:room]:
                values.add(metric.value, *place, label(key))
            room = max(room - len(row.metrics), 0)
    omitted = GaugeMetricFamily(
        "evalstream_runs_omitted", "Runs that have no series because others were active later.",
        value=max(len(runs) - MOST_RUNS, 0),
    )  # fmt: skip
    return [*(gauge.family for gauge in (*accounts.values(), values, samples)), omitted]


class _Gauge:
    """A family of gauges of runs, each set of labels once: what is said twice makes all that is said invalid."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self.family = GaugeMetricFamily(name, text, labels=[*RUN_LABELS, *labels])
        self._seen: set[tuple[str, ...]] = set()

    def add(self, value: Any, *labels: str) -> None:
        if value is not None and labels not in self._seen:
            self._seen.add(labels)
            self.family.add_metric(labels, value)
