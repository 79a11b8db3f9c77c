"""Faust's table manager, with its start and its recovery changed."""

from __future__ import annotations

from faust.tables import TableManager

from .recovery import DirectRecovery

__all__ = ["PromptTableManager"]


class PromptTableManager(TableManager):  # type: ignore[misc]
    """Starts at once, and recovers tables by itself."""

    _recovery: DirectRecovery | None

    @property
    def recovery(self) -> DirectRecovery:
        if self._recovery is None:
            self._recovery = DirectRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

    async def on_start(self) -> None:
        # Faust sleeps a second here, for tables that are declared late; ours are declared before the app starts.
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()
