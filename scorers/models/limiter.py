"""How many calls to one model may be under way at once: fewer when the service says "too many", then more again.

Additive increase, multiplicative decrease, as TCP does it (Chiu and Jain, 1989,
https://doi.org/10.1016/0169-7552(89)90019-6).
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Limiter"]

NARROWED = 0.5
"""What is left of the limit after a refusal."""


class Limiter:
    """A limit on calls under way, of one event loop.

    Parameters
    ----------
    start, most
        Calls at once at first, and at most.

    Examples
    --------
    >>> limiter = Limiter(20, 100)
    >>> limiter.narrow(began=time.monotonic())
    >>> limiter.limit
    10
    """

    def __init__(self, start: int, most: int) -> None:
        self._limit, self._most = float(start), float(most)
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._narrowed_at: float | None = None
        self._closed_until = 0.0

    @property
    def limit(self) -> int:
        """Calls that may be under way at once."""
        return int(self._limit)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait until a call may be made; yields the time at which it begins, on the monotonic clock."""
        await self._enter()
        try:
            # The service asked everybody to wait, not only the call that it refused.
            while (pause := self._closed_until - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            yield time.monotonic()
        finally:
            self._under_way -= 1
            self._let_in()

    def narrow(self, began: float, retry_after: float = 0.0) -> None:
        """Note that the service refused a call because of its load.

        Parameters
        ----------
        began
            When that call began. Of the calls that were under way together one narrows the limit, not each of them.
        retry_after
            Seconds for which no call is begun.
        """
        now = time.monotonic()
        self._closed_until = max(self._closed_until, now + retry_after)
        if self._narrowed_at is None or began >= self._narrowed_at:
            self._narrowed_at = now
            self._limit = max(1.0, self._limit * NARROWED)

    def widen(self) -> None:
        """Note that a call was answered."""
        # Until the first refusal nobody knows what the service can take, so the limit doubles with each round.
        self._limit = min(self._most, self._limit + (1.0 if self._narrowed_at is None else 1.0 / self._limit))
        self._let_in()

    async def _enter(self) -> None:
        if not self._waiting and self._under_way < self.limit:
            self._under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # let in and cancelled at the same moment
                self._under_way -= 1
                self._let_in()
            raise

    def _let_in(self) -> None:
        while self._waiting and self._under_way < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self._under_way += 1
                turn.set_result(None)
