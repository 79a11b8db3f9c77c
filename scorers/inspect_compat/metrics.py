"""Metrics of Inspect: its own become ours of the same name, those of users are wrapped."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, cast

from inspect_ai import scorer as theirs

from evalstream.scorers import registry
from evalstream.scorers.errors import InvalidOptionError, UnknownNameError
from evalstream.scorers.metric import Metric
from evalstream.scorers.registry import BUILTIN_PACKAGE, Entry
from evalstream.scorers.results.call import takes_scores
from evalstream.scorers.score import SampleScore
from evalstream.scorers.scorer import Metrics
from evalstream.scorers.value import Value

from .found import closure_of, is_made, made_with, name_of
from .scores import sample_scores

__all__ = ["BridgedMetric", "our_metric", "our_metrics"]


class BridgedMetric:
    """Computes a metric of Inspect's over scores of ours.

    Parameters
    ----------
    inner
        What a function or class that Inspect's ``@metric`` decorates has made.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._takes_scores = takes_scores(inner, theirs.Score)

    def __call__(self, scores: Sequence[SampleScore], /) -> Value:
        given: list[Any] = sample_scores(scores)
        value = self._inner([item.score for item in given] if self._takes_scores else given)
        return cast(Value, value)


def our_metrics(declared: Any) -> Metrics:
    """Return what a scorer of Inspect declares as our own declaration: a list, a dict by key or glob, or both mixed.

    Raises
    ------
    ScorersError
        See `our_metric`.
    """
    if isinstance(declared, Mapping):
        return {key: [our_metric(item) for item in items] for key, items in declared.items()}
    return [
        {key: [our_metric(one) for one in items] for key, items in item.items()}
        if isinstance(item, Mapping)
        else our_metric(item)
        for item in declared
    ]


def our_metric(instance: Any) -> Metric:
    """Return an instance of one of Inspect's metrics as one of ours.

    What Inspect brings becomes our metric of the same name and options, which also runs while scores come in; what we
    do not have, and what users wrote, is wrapped.

    Raises
    ------
    InvalidOptionError
        It was not made by a function that ``@metric`` decorates, or our metric of its name refuses its options.

    Examples
    --------
    >>> registry.tag_of(our_metric(theirs.stderr(cluster="passage"))).options
    {'cluster': 'passage'}
    """
    if not is_made(instance):
        name = getattr(instance, "__name__", type(instance).__name__)
        raise InvalidOptionError("metric", name, "it was not made by a function that @metric decorates")
    package, name, metadata = name_of(instance)
    if package == BUILTIN_PACKAGE:
        try:
            made: Metric = registry.create("metric", f"{package}/{name}", _options(instance))
        except UnknownNameError:
            pass
        else:
            return made
    try:
        entry = registry.find("metric", f"{package}/{name}" if package else name)
    except UnknownNameError:
        entry = Entry("metric", name, type(instance), package, {"scores": "auto", **metadata})
    wrapped = BridgedMetric(instance)
    registry.tagged(wrapped, entry, made_with(instance))
    return wrapped


def _options(instance: Any) -> dict[str, Any]:
    """Return the options of one of Inspect's own metrics, with the functions and metrics among them.

    Inspect notes no more than their names; but the metric itself, a function inside its factory, has kept them.
    """
    options = made_with(instance)
    kept = closure_of(instance)
    for name, logged in options.items():
        value = kept.get(name)
        if value is not None and (isinstance(logged, (str, dict, list)) and not isinstance(value, str)):
            options[name] = _as_ours(value)
    return options


def _as_ours(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_as_ours(item) for item in value]
    if is_made(value) and not inspect.isclass(value):
        return our_metric(value)
    return value
