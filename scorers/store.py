"""The store of a sample: what its solvers and tools wrote down."""

from __future__ import annotations

from typing import Any

__all__ = ["Store"]


class Store(dict[str, Any]):
    """A dict with the method names that scorers written for Inspect use.

    Examples
    --------
    >>> store = Store({"turns": 2})
    >>> store.set("seen", True)
    >>> store.get("notes", []).append("a default is kept, as in Inspect")
    >>> sorted(store)
    ['notes', 'seen', 'turns']
    """

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value; a default other than None is stored when the key is missing."""
        return super().get(key) if default is None else self.setdefault(key, default)

    def set(self, key: str, value: Any) -> None:
        """Store a value."""
        self[key] = value

    def delete(self, key: str) -> None:
        """Remove a value; KeyError if there is none."""
        del self[key]
