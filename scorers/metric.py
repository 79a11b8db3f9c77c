"""The `@metric` decorator and what it decorates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar, overload, runtime_checkable

from . import registry
from .score import SampleScore
from .value import Value

__all__ = ["Metric", "MetricProtocol", "MetricScores", "metric", "scores_view"]

MetricScores = Literal["auto", "reduced", "unreduced"]
"""The view a metric asks for: after epoch reduction ("auto" too, unless it is off), or each epoch's own score."""


@runtime_checkable
class Metric(Protocol):
    """Computes one value (a number, or a dict or list of numbers) over the scores of a run."""

    def __call__(self, scores: Sequence[SampleScore], /) -> Value: ...


MetricProtocol = Metric
"""Inspect's name for the kind of metric that takes a list of `SampleScore`."""

Factory = TypeVar("Factory", bound=Callable[..., Any])


@overload
def metric(name: Factory) -> Factory: ...


@overload
def metric(name: str | None = None, *, scores: MetricScores = "auto") -> Callable[[Factory], Factory]: ...


def metric(
    name: str | Factory | None = None, *, scores: MetricScores = "auto"
) -> Factory | Callable[[Factory], Factory]:
    """Register a factory of metrics; usable with and without parentheses.

    Parameters
    ----------
    name
        The registered name; the function's own name by default.
    scores
        "reduced": after epoch reduction; "unreduced": each epoch's own score; "auto": reduced, unless reduction is off.
    """

    def decorate(factory: Factory) -> Factory:
        chosen = name if isinstance(name, str) else factory.__name__
        return registry.register("metric", chosen, factory, {"scores": scores})

    if name is None or isinstance(name, str):
        return decorate
    return decorate(name)


def scores_view(instance: object) -> MetricScores:
    """Tell which view of the scores a metric declared."""
    view: MetricScores = registry.tag_of(instance).entry.metadata["scores"]
    return view
