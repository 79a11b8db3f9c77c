"""The `@score_reducer` decorator and what it decorates: epochs of one sample become one score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, Union, overload, runtime_checkable

from . import registry
from .score import Score

__all__ = ["ScoreReducer", "ScoreReducers", "score_reducer"]


@runtime_checkable
class ScoreReducer(Protocol):
    """Reduces the scores of one sample's epochs to one score."""

    def __call__(self, scores: list[Score], /) -> Score: ...


ScoreReducers = Union[str, ScoreReducer, list[str], list[ScoreReducer]]  # noqa: UP007 (Python 3.10 shows it as written)
"""What is accepted where epoch reducers are asked for: names as in "at_least_2", or instances; one or several."""

Factory = TypeVar("Factory", bound=Callable[..., Any])


@overload
def score_reducer(name: Factory) -> Factory: ...


@overload
def score_reducer(name: str | None = None) -> Callable[[Factory], Factory]: ...


def score_reducer(
    name: str | Factory | None = None,
) -> Factory | Callable[[Factory], Factory]:
    """Register a factory of epoch reducers; usable with and without parentheses.

    Parameters
    ----------
    name
        The registered name; the function's own name by default.
    """

    def decorate(factory: Factory) -> Factory:
        chosen = name if isinstance(name, str) else factory.__name__
        return registry.register("score_reducer", chosen, factory)

    if name is None or isinstance(name, str):
        return decorate
    return decorate(name)
