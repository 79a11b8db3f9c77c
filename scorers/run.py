"""Run scorers that never wait without an event loop's help."""

from __future__ import annotations

from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from . import registry
from .errors import ScorersError

__all__ = ["SuspendedError", "never_suspends", "run_now", "runs_expression"]

T = TypeVar("T")

_SUSPENDING = frozenset({"cascade", "model_graded_fact", "model_graded_qa", "multi_scorer"})
"""Built-in scorers that wait, for a model or for other people's scorers."""


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
    entry = registry.tag_of(instance).entry
    return entry.package == registry.BUILTIN_PACKAGE and entry.name == "pattern"


def never_suspends(instance: object) -> bool:
    """Tell whether a scorer is known never to wait, so that `run_now` may run it.

    Examples
    --------
    >>> from evalstream.scorers import match
    >>> never_suspends(match())
    True
    """
    entry = registry.tag_of(instance).entry
    return entry.package == registry.BUILTIN_PACKAGE and entry.name not in _SUSPENDING
