"""Faust's table manager, with two of its habits changed."""

from __future__ import annotations

import asyncio
from typing import Literal

from faust.tables import TableManager

__all__ = ["KeptEvent", "PromptTableManager"]


class KeptEvent(asyncio.Event):
    """An event that stays set until somebody has waited for it.

    Faust signals the end of a table's recovery, and clears the signal before the next changelog record. If all records
    are read before its recovery begins to wait, the signal is lost, and the worker waits for ever.

    Examples
    --------
    >>> event = KeptEvent()
    >>> event.set(); event.clear(); event.is_set()
    True
    >>> asyncio.run(event.wait()), event.clear(), event.is_set()
    (True, None, False)
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen = True

    def set(self) -> None:
        self._seen = False
        super().set()

    def clear(self) -> None:
        if self._seen:
            super().clear()

    async def wait(self) -> Literal[True]:
        await super().wait()
        self._seen = True
        return True


class PromptTableManager(TableManager):  # type: ignore[misc]
    """Recovers tables at once, and does not miss the end of it."""

    async def on_start(self) -> None:
        # Faust sleeps a second here, for tables that are declared late; ours are declared before the app starts.
        if not self.should_stop:
            await self._update_channels()
            self.recovery._signal_recovery_end = KeptEvent()
            await self.recovery.start()
