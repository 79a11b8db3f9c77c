"""Options that came by an event or in a log: hostile until proven otherwise.

Options from a command line, and from code, may name files and URLs; those that came by an event or stood in a log may
not. An option does not show where it is from, and passes through people's own factories, so the texts themselves are
remembered while what was made from them is made, and while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from .plain import texts_in

__all__ = ["came_by_event", "given_by_operator", "options_of_event"]

_texts: ContextVar[frozenset[str]] = ContextVar("evalstream_texts_of_event", default=frozenset())

_given: set[str] = set()


@contextmanager
def options_of_event(options: Mapping[str, Any] | None) -> Iterator[None]:
    """Let no text among these options name a file or a URL for as long as this lasts.

    Examples
    --------
    >>> with options_of_event({"template": "/etc/passwd"}):
    ...     came_by_event("/etc/passwd"), came_by_event("my own template")
    (True, False)
    >>> came_by_event("/etc/passwd")
    False
    """
    if not options:
        yield
        return
    token = _texts.set(_texts.get() | frozenset(texts_in(options)))
    try:
        yield
    finally:
        _texts.reset(token)


def came_by_event(text: str) -> bool:
    """Tell whether a text is one of the options that an event brought, and nobody here gave it."""
    return text in _texts.get() and text not in _given


def given_by_operator(options: Mapping[str, Any] | None) -> None:
    """Note options of this process's own command line: they may name files even after a trip through an event."""
    _given.update(texts_in(options or {}))
