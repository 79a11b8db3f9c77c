"""From a broker URL to its topic store; all parts of a process share one store per URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import BrokerError
from ..settings.masking import masked_url
from .memory_store import MemoryStore
from .sqlite_store import SqliteStore
from .store import TopicStore

__all__ = ["close_store", "embedded_folder", "open_store"]

_open: dict[str, TopicStore] = {}


def embedded_folder(url: str) -> Path:
    """Return the folder that an ``embedded:///dir`` URL names.

    Examples
    --------
    >>> embedded_folder("embedded:///var/lib/evals").as_posix()
    '/var/lib/evals'

    Raises
    ------
    BrokerError
        The URL has a host, or no path.
    """
    parts = urlsplit(url)
    if parts.netloc or not parts.path.strip("/"):
        raise BrokerError(
            f"{masked_url(url)!r} names no folder: write three slashes and an absolute path, as in embedded:///home/me/evals."
        )
    return Path(unquote(parts.path))


_openers: dict[str, Callable[[str], TopicStore]] = {
    "memory": lambda url: MemoryStore(),
    "embedded": lambda url: SqliteStore(embedded_folder(url)),
}


def open_store(url: str) -> TopicStore:
    """Open the store of a broker URL, or find it if this process has it open.

    Raises
    ------
    BrokerError
        Unknown scheme, or the store cannot be opened.
    """
    name = _name(url)
    if name not in _open:
        opener = _openers.get(urlsplit(url).scheme)
        if opener is None:
            raise BrokerError(
                f"{masked_url(url)!r} is not a broker that this version knows: use embedded:///folder or"
                " kafka://host:9092 (memory:// is what `evalstream score` uses)."
            )
        _open[name] = opener(url)
    return _open[name]


def close_store(url: str) -> None:
    """Close the store of a URL, if it is open."""
    store = _open.pop(_name(url), None)
    if store is not None:
        store.close()


def _name(url: str) -> str:
    """Return one name for all ways to write a URL: Faust writes embedded:/folder."""
    parts = urlsplit(url)
    return f"embedded:{unquote(parts.path)}" if parts.scheme == "embedded" and not parts.netloc else url
