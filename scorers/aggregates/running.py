"""From a metric to its aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT, is_builtin

from .base import Aggregate
from .clustered import ClusteredStderr
from .grouped import Grouped
from .mean import Mean
from .variance import Variance

__all__ = ["RUNNING", "aggregate_for"]

Options = Mapping[str, Any]


def aggregate_for(metric: object) -> Aggregate | None:
    """Make the aggregate that keeps a metric up to date.

    None if there is none: the metric is a user's, or resamples all scores (``bootstrap_stderr``), so that it must be
    computed anew over all scores.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy, bootstrap_stderr
    >>> type(aggregate_for(accuracy())).__name__, aggregate_for(bootstrap_stderr())
    ('Mean', None)
    """
    if not is_builtin(metric):
        return None
    tag = registry.tag_of(metric)
    make = RUNNING.get(tag.entry.name)
    return make(tag.options) if make is not None else None


def _to_float(options: Options) -> Any:
    return options.get("to_float", DEFAULT_TO_FLOAT)


def _mean(options: Options) -> Aggregate:
    return Mean(_to_float(options))


def _stderr(options: Options) -> Aggregate:
    if options.get("cluster") is not None:
        return ClusteredStderr(options["cluster"], _to_float(options))
    return Variance(_to_float(options), "stderr")


def _grouped(options: Options) -> Aggregate | None:
    inner = options["metric"]
    one = aggregate_for(inner)
    if one is None or isinstance(one, Grouped):  # a group's value must be a number
        return None

    def make() -> Aggregate:
        made = aggregate_for(inner)
        assert made is not None
        return made

    return Grouped(
        make,
        options["group_key"],
        total=options.get("all", "samples"),
        total_label=options.get("all_label", "all"),
        to_float=options.get("value_to_float", DEFAULT_TO_FLOAT),
        name_template=options.get("name_template", "{group_name}"),
    )


RUNNING: dict[str, Callable[[Options], Aggregate | None]] = {
    "accuracy": _mean,
    "mean": _mean,
    "var": lambda options: Variance(_to_float(options), "var"),
    "std": lambda options: Variance(_to_float(options), "std"),
    "stderr": _stderr,
    "grouped": _grouped,
}
"""For each built-in metric that has an aggregate, how it is made from the options that the metric was made with."""
