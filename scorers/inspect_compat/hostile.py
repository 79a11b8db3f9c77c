"""Options of an event that Inspect would open: it takes a file's name or a URL wherever it takes a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalstream.scorers.errors import InvalidOptionError
from evalstream.scorers.plain import texts_in
from evalstream.scorers.registry import Kind
from evalstream.scorers.untrusted import came_by_event

__all__ = ["refuse_places"]


def refuse_places(kind: Kind, name: str, options: Mapping[str, Any]) -> None:
    """Refuse options that came by an event, or stand in a log, and name a file of this machine or a URL.

    A scorer may pass them on to ``inspect_ai.util.resource`` or to a model; both are out of our hands then.

    Raises
    ------
    InvalidOptionError
        One does.
    """
    for text in texts_in(options):
        if came_by_event(text) and _is_place(text):
            raise InvalidOptionError(
                kind,
                name,
                f"its option {text[:120]!r} names a file or a URL, and came by an event or stands in a log. Such"
                " options are for who starts the scoring: give it by `evalstream score --scorer FILE -S KEY=VALUE`",
            )


def _is_place(text: str) -> bool:
    if "://" in text:
        return True
    try:
        return bool(text) and Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # too long for a path, a NUL in it, an unknown home
        return False
