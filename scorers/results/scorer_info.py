"""What results need to know of a scorer: its name, metrics, options and metadata."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.errors import UnknownNameError
from evalstream.scorers.metric import Metric
from evalstream.scorers.metrics.accuracy import accuracy
from evalstream.scorers.metrics.stderr import stderr
from evalstream.scorers.scorer import Metrics, metrics_of

from .options import create_from_log, logged_options
from .views import all_metrics

__all__ = ["ScorerInfo", "metrics_from_header", "metrics_to_header"]


@dataclass(frozen=True)
class ScorerInfo:
    """A scorer as results know it; the scorer itself need not exist.

    ``params`` are the options that it was made with, as JSON values.

    Examples
    --------
    >>> entry = {"name": "match", "options": {}, "metrics": [{"name": "inspect_ai/accuracy", "options": {}}]}
    >>> ScorerInfo.from_header(entry).to_header()["metrics"]
    [{'name': 'inspect_ai/accuracy', 'options': {}}]
    """

    name: str
    metrics: Metrics
    params: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_scorer(cls, scorer: object) -> ScorerInfo:
        """Describe a scorer that a registered factory made."""
        entry = registry.tag_of(scorer).entry
        metadata = {key: value for key, value in entry.metadata.items() if key != "metrics"}
        return cls(registry.unqualified(entry.name), metrics_of(scorer), logged_options(scorer), metadata)

    @classmethod
    def from_name(cls, name: str) -> ScorerInfo:
        """Describe scores of which only the name is known, such as those that a solver left.

        If a scorer of that name is registered (and needs no options), its metrics are taken; else accuracy and stderr.
        """
        metrics: Metrics = [accuracy(), stderr()]
        try:
            entry = registry.find("scorer", name)
            inspect.signature(entry.factory).bind()
        except (UnknownNameError, TypeError):
            return cls(name, metrics)
        return cls(name, entry.metadata["metrics"])

    @classmethod
    def from_header(cls, entry: Mapping[str, Any]) -> ScorerInfo:
        """Describe a scorer from its entry in a log's header (``eval.scorers[]``).

        Raises
        ------
        UnknownNameError
            A metric that nobody registered.
        InvalidOptionError
            A metric whose options do not fit, or were functions.
        """
        return cls(
            entry["name"],
            metrics_from_header(entry.get("metrics") or [], _declared(entry["name"])),
            entry.get("options") or {},
            entry.get("metadata") or {},
        )

    def to_header(self) -> dict[str, Any]:
        """Return the scorer's entry for a log's header."""
        return {
            "name": self.name,
            "options": dict(self.params),
            "metrics": metrics_to_header(self.metrics),
            "metadata": dict(self.metadata),
        }


def metrics_from_header(logged: Sequence[Any] | Mapping[str, Any], declared: Sequence[Metric] = ()) -> Metrics:
    """Make metrics again from what a log's header says of them (``eval.metrics`` or ``eval.scorers[].metrics``).

    Parameters
    ----------
    logged
        What the header says.
    declared
        Metrics that are taken as they are where the header speaks of them: of a function among its options a header
        keeps no more than the name.
    """

    def made(entry: Mapping[str, Any]) -> Metric:
        for metric in declared:
            if registry.log_name(metric) == entry["name"] and logged_options(metric) == (entry.get("options") or {}):
                return metric
        return _metric(entry)

    if isinstance(logged, Mapping):
        return {key: [made(item) for item in items] for key, items in logged.items()}
    # Only an entry of one metric has a "name" that is text; in a dict of metrics "name" can be a key like any other.
    return [
        made(item) if isinstance(item.get("name"), str) else {k: [made(m) for m in v] for k, v in item.items()}
        for item in logged
    ]


def _declared(scorer: str) -> list[Metric]:
    """Return the metrics that a scorer of this name declares, if it is registered here."""
    try:
        metrics = registry.find("scorer", scorer).metadata["metrics"]
    except (UnknownNameError, KeyError):
        return []
    return list(all_metrics(metrics))


def metrics_to_header(metrics: Metrics) -> list[Any] | dict[str, Any]:
    """Return metrics as a log's header holds them: names with their package, and options."""
    if isinstance(metrics, Mapping):
        return {key: [_entry(item) for item in items] for key, items in metrics.items()}
    return [
        {key: [_entry(m) for m in items] for key, items in item.items()} if isinstance(item, Mapping) else _entry(item)
        for item in metrics
    ]


def _metric(entry: Mapping[str, Any]) -> Metric:
    metric: Metric = create_from_log("metric", entry["name"], entry.get("options"))
    return metric


def _entry(metric: object) -> dict[str, Any]:
    return {"name": registry.log_name(metric), "options": logged_options(metric)}
