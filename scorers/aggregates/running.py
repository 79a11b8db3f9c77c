"""From a metric to its aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT, is_builtin

from .base import Aggregate
from .clustered import ClusteredStderr
from .frequency import Frequency
from .grouped import Grouped
from .interval import TInterval, WilsonInterval
from .krippendorff import IntervalAlpha, NominalAlpha
from .mean import Mean
from .of_key import OfKey
from .perplexity import PerplexityPerSeq, PerplexityPerToken
from .variance import Variance

__all__ = ["RUNNING", "aggregate_for"]

Options = Mapping[str, Any]


def aggregate_for(metric: object) -> Aggregate | None:
    """Make the aggregate that keeps a metric up to date.

    None if there is none: the metric is a user's, or resamples all scores (``bootstrap_stderr``), or depends on how all
    scores are ordered (``krippendorff_alpha("ordinal")``), so that it must be computed anew over all scores.

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
    if one is None or one.gives_dict:  # a group's value must be a number
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


def _ci(options: Options) -> Aggregate | None:
    if options.get("method", "t") != "t":
        return None
    return TInterval(options.get("level", 0.95), options.get("cluster"), _to_float(options))


def _aggregate(options: Options) -> Aggregate | None:
    inner = aggregate_for(options["agg"])
    if inner is None:
        return None
    to_float, on_missing = options.get("to_float"), options.get("on_missing", "error")
    return OfKey(inner, options["key"], to_float=to_float, on_missing=on_missing)


def _krippendorff_alpha(options: Options) -> Aggregate | None:
    made = {"nominal": NominalAlpha, "interval": IntervalAlpha}.get(options.get("level", "nominal"))
    return made(options.get("to_float")) if made is not None else None


RUNNING: dict[str, Callable[[Options], Aggregate | None]] = {
    "accuracy": _mean,
    "mean": _mean,
    "var": lambda options: Variance(_to_float(options), "var"),
    "std": lambda options: Variance(_to_float(options), "std"),
    "stderr": _stderr,
    "grouped": _grouped,
    "aggregate": _aggregate,
    "ci": _ci,
    "ci_wilson": lambda options: WilsonInterval(options.get("level", 0.95), options.get("cluster"), _to_float(options)),
    "frequency": lambda options: Frequency(options.get("categories"), options.get("normalize", True)),
    "krippendorff_alpha": _krippendorff_alpha,
    "perplexity_per_token": lambda options: PerplexityPerToken(),
    "perplexity_per_seq": lambda options: PerplexityPerSeq(),
}
"""For each built-in metric that has an aggregate, how it is made from the options that the metric was made with."""
