"""Run scorers that never wait without an event loop's help."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from . import registry
from .errors import ScorersError
from .reducers.names import create_reducers

__all__ = ["SuspendedError", "never_suspends", "run_now", "runs_expression"]

T = TypeVar("T")

_SUSPENDING = frozenset({"math", "model_graded_fact", "model_graded_qa"})
"""Built-in scorers that wait, for a model or for another process."""

_COMBINING = frozenset({"cascade", "multi_scorer"})
"""Those that wait if a scorer among their options does."""


class SuspendedError(ScorersError, RuntimeError):
    """A coroutine was to run at once, but it waits for something."""


def run_now(coroutine: Awaitable[T]) -> T:
    """Drive a coroutine that never waits to its end, without a task and without an event loop.

    Raises
    ------
    SuspendedError
        The coroutine waits for something; it has been closed.

    Examples
    --------
    >>> async def double(x):
    ...     return 2 * x
    >>> run_now(double(21))
    42
    """
    if not isinstance(coroutine, Coroutine):
        raise TypeError(f"run_now takes what an `async def` function returned, not {type(coroutine).__name__}")
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Any = end.value
        return result  # type: ignore[no-any-return]
    coroutine.close()
    raise SuspendedError(f"{coroutine!r} waits for something, so it needs an event loop")


def runs_expression(instance: object) -> bool:
    """Tell whether a scorer searches with a regular expression that its user wrote, which may take for ever.

    Examples
    --------
    >>> from evalstream.scorers import match, pattern
    >>> runs_expression(pattern("x")), runs_expression(match())
    (True, False)
    """
    tag = registry.tag_of(instance)
    if tag.entry.package != registry.BUILTIN_PACKAGE:
        return False
    return tag.entry.name == "pattern" or any(map(_part_runs_expression, tag.options.values()))


def _part_runs_expression(option: object) -> bool:
    if isinstance(option, (list, tuple)):
        return any(map(_part_runs_expression, option))
    return callable(option) and registry.kind_of(option) == "scorer" and runs_expression(option)


def never_suspends(instance: object) -> bool:
    """Tell whether a scorer is known never to wait, so that `run_now` may run it.

    Examples
    --------
    >>> from evalstream.scorers import match
    >>> never_suspends(match())
    True
    """
    tag = registry.tag_of(instance)
    if tag.entry.package != registry.BUILTIN_PACKAGE or tag.entry.name in _SUSPENDING:
        return False
    return tag.entry.name not in _COMBINING or all(map(_part_never_suspends, tag.options.values()))


def _part_never_suspends(option: object) -> bool:
    if isinstance(option, str):  # a reducer's name
        option = create_reducers(option)
    if isinstance(option, (list, tuple)):
        return all(map(_part_never_suspends, option))
    if not callable(option):
        return True
    try:
        kind = registry.kind_of(option)
    except TypeError:
        return False
    if kind == "score_reducer":  # a user's may take its time, as their scorers may
        return registry.tag_of(option).entry.package == registry.BUILTIN_PACKAGE
    return kind == "scorer" and never_suspends(option)
