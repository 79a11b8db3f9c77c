"""Things that belong to one event loop: connections, and who waits for them.

Scorers run on a loop in a thread of its own, which is given up when a scorer blocks it. What was made on the old loop
is then of no use on the new one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

__all__ = ["PerLoop"]

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes a thing once for each event loop (and key), and forgets it with the loop."""

    def __init__(self) -> None:
        self._things: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, T]] = WeakKeyDictionary()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return this loop's thing of that key; RuntimeError outside of a loop."""
        things = self._things.setdefault(asyncio.get_running_loop(), {})
        if key not in things:
            things[key] = make()
        return things[key]

    def forget(self) -> None:
        """Forget this loop's things; what is held here would hold the loop itself."""
        self._things.pop(asyncio.get_running_loop(), None)
