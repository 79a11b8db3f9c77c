"""Sends from many tasks, gathered into batches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from ..transport.record import NewRecord

__all__ = ["Outbox"]


class Outbox:
    """While one send is under way, what others want to send piles up and goes out as the next one."""

    def __init__(self, send_batch: Callable[[Sequence[NewRecord]], Awaitable[None]]) -> None:
        self._send_batch = send_batch
        self._pending: list[NewRecord] = []
        self._next: asyncio.Future[None] | None = None
        self._flusher: asyncio.Task[None] | None = None

    async def send(self, records: Sequence[NewRecord]) -> None:
        """Return when the records are confirmed; raises what the send raised."""
        self._pending.extend(records)
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        confirmed = self._next
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await asyncio.shield(confirmed)

    async def _flush(self) -> None:
        while self._next is not None:
            records, confirmed = self._pending, self._next
            self._pending, self._next = [], None
            try:
                await self._send_batch(records)
            except Exception as error:  # noqa: BLE001 (handed to everybody who waits)
                confirmed.set_exception(error)
            else:
                confirmed.set_result(None)
