"""Where scorers that are not built in came from, so that another process can load the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import registry
from .registry import Entry

__all__ = ["noted_origin", "origin_of", "origins"]

_origins: dict[Callable[..., Any], str] = {}
_order: dict[str, None] = {}


@contextmanager
def noted_origin(source: str) -> Iterator[None]:
    """Note that what is registered meanwhile came from a source: the path of a file, or a package."""
    before = set(map(id, registry.all_entries()))
    yield
    _order.pop(source, None)  # what is loaded last has the last word about a name
    _order[source] = None
    _origins.update((entry.factory, source) for entry in registry.all_entries() if id(entry) not in before)


def origin_of(entry: Entry) -> str | None:
    """Return the source of an entry, as `load.load_source` takes it.

    None if it was made in this process's own code, or the file is not there any more.
    """
    source = _origins.get(entry.factory)
    return source if source in _order and _is_there(source) else None


def origins() -> list[str]:
    """Return the sources of all that is registered now, in the order in which they were loaded."""
    used = {_origins.get(entry.factory) for entry in registry.all_entries()}
    return [source for source in _order if source in used and _is_there(source)]


def _is_there(source: str) -> bool:
    return not Path(source).is_absolute() or Path(source).is_file()
