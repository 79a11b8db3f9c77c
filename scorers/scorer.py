"""The `@scorer` decorator and what it decorates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, Union, runtime_checkable

from . import registry
from .errors import InvalidMetricsError

if TYPE_CHECKING:
    from .metric import Metric
    from .score import Score
    from .state import TaskState
    from .target import Target

__all__ = ["Metrics", "Scorer", "check_metrics", "metrics_of", "scorer"]

Metrics = Union[  # noqa: UP007 (names in quotes do not take |)
    Sequence[Union["Metric", Mapping[str, Sequence["Metric"]]]], Mapping[str, Sequence["Metric"]]
]
"""A list of metrics, a dict from key (or glob) to metrics, or a list that mixes both."""


@runtime_checkable
class Scorer(Protocol):
    """Scores one completed sample; None means that there is no score at all."""

    def __call__(self, state: TaskState, target: Target, /) -> Awaitable[Score | None]: ...


Factory = TypeVar("Factory", bound=Callable[..., Any])


def scorer(metrics: Metrics, name: str | None = None, **metadata: Any) -> Callable[[Factory], Factory]:
    """Register a factory of scorers.

    Parameters
    ----------
    metrics
        What is computed over the scores: a list, a dict from key (or glob) to list, or a list that mixes both.
    name
        The registered name; the function's own name by default.
    **metadata
        Kept with the registration and written to the log's header.

    Raises
    ------
    InvalidMetricsError
        ``metrics`` has another shape.
    """
    check_metrics(metrics)

    def decorate(factory: Factory) -> Factory:
        return registry.register("scorer", name or factory.__name__, factory, {"metrics": metrics, **metadata})

    return decorate


def metrics_of(instance: object) -> Metrics:
    """Return the metrics that a scorer's decorator declared."""
    metrics: Metrics = registry.tag_of(instance).entry.metadata["metrics"]
    return metrics


def check_metrics(metrics: object) -> None:
    """Raise InvalidMetricsError if this is no declaration of metrics."""
    if isinstance(metrics, Mapping):
        lists = list(metrics.values())
    elif isinstance(metrics, Sequence) and not isinstance(metrics, str):
        lists = [v for m in metrics if isinstance(m, Mapping) for v in m.values()]
    else:
        lists = [metrics]
    if not all(isinstance(item, Sequence) and not isinstance(item, str) for item in lists):
        raise InvalidMetricsError(
            "`metrics` takes a list of metrics, a dict from key to such a list, or a list that mixes both;"
            f" got {metrics!r}."
        )
