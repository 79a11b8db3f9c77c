"""Calling a metric: with the kind of list that it expects, on no scores, and when it raises."""

from __future__ import annotations

import inspect
import logging
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.errors import MetricError
from evalstream.scorers.metric import Metric
from evalstream.scorers.metrics.values import for_metric, is_builtin
from evalstream.scorers.score import SampleScore, Score

__all__ = ["metric_value", "takes_scores"]

logger = logging.getLogger(__name__)

_warned: set[str] = set()


def metric_value(metric: Metric, scores: Sequence[SampleScore], scorer: str) -> Any:
    """Call a metric on the scored samples of a scorer.

    Without any, the metric is asked what it makes of an empty list; unless that is a dict of numbers, the value is NaN:
    an accuracy of no samples is not zero.

    Raises
    ------
    MetricError
        The metric raised.
    """
    name = registry.short_log_name(metric)
    call: Callable[[Any], Any] = metric
    try:
        if takes_scores(metric):
            _warn_once(name, "The metric %r takes a list of Score: annotate its parameter as list[SampleScore].")
            value = call([item.score for item in scores])
        else:
            value = call(for_metric(metric, scores))
    except Exception as error:
        if scores:
            raise MetricError(name, scorer, error) from error
        _warn_once(name, "The metric %r raised on an empty list; its value is NaN.")
        return float("nan")
    return value if scores or (isinstance(value, Mapping) and value) else float("nan")


def takes_scores(metric: object, score: type = Score) -> bool:
    """Tell whether a metric is of the old kind, which takes a list of Score and not of SampleScore.

    It is if its first parameter is annotated ``list[Score]``, or not at all.

    Parameters
    ----------
    metric
        An instance.
    score
        The class that the metric calls Score.
    """
    if is_builtin(metric):
        return False
    try:
        parameters = list(inspect.signature(metric).parameters.values())  # type: ignore[arg-type]
        hints = typing.get_type_hints(metric)
    except (AttributeError, ValueError, TypeError, NameError):
        return False  # nothing can be told of it
    hint = hints.get(parameters[0].name, Any) if parameters else Any
    return hint is Any or (typing.get_origin(hint) is list and typing.get_args(hint) == (score,))


def _warn_once(name: str, message: str) -> None:
    if name + message not in _warned:
        _warned.add(name + message)
        logger.warning(message, name)
