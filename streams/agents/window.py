"""How much may be under way at once: so many samples, and so many bytes of them."""

from __future__ import annotations

import asyncio
from collections import deque

__all__ = ["Window"]


class Window:
    """A semaphore of two measures; who waits is served in order.

    Parameters
    ----------
    samples, size
        The limits: a number of samples, and bytes. A sample larger than all of ``size`` goes alone.
    """

    def __init__(self, samples: int, size: int) -> None:
        self._samples, self._size = samples, size
        self._under_way = self._bytes = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def acquire(self, size: int) -> None:
        """Return when a sample of so many bytes may begin."""
        if not self._waiting and self._fits(size):
            self._enter(size)
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        await turn

    def release(self, size: int) -> None:
        """Say that a sample of so many bytes has ended."""
        self._under_way -= 1
        self._bytes -= size
        while self._waiting and self._fits(self._waiting[0][0]):
            waiting, turn = self._waiting.popleft()
            if not turn.done():
                self._enter(waiting)
                turn.set_result(None)

    def _fits(self, size: int) -> bool:
        return self._under_way == 0 or (self._under_way < self._samples and self._bytes + size <= self._size)

    def _enter(self, size: int) -> None:
        self._under_way += 1
        self._bytes += size
