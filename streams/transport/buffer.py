"""What tables have queued for their changelogs, on its way to the broker."""

from __future__ import annotations

from typing import Any

from faust.transport.producer import ProducerBuffer

from ..errors import BrokerError

__all__ = ["DurableBuffer"]


class DurableBuffer(ProducerBuffer):  # type: ignore[misc]
    """A buffer whose `flush` tells the truth.

    Faust's own flush gives up on a send that takes more than 0.1 s, does not wait for the last one at all, and does not
    tell of one that failed; but a batch may only be acknowledged when its table records are durable.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._unsent = 0
        self._lost: Exception | None = None
        self._stopped_sending = False

    def put(self, fut: Any) -> None:
        self._unsent += 1
        super().put(fut)

    async def _send_pending(self, fut: Any) -> None:
        try:
            await super()._send_pending(fut)
        except Exception as error:
            self._lost = error
            raise
        finally:
            self._unsent -= 1
            self.message_sent.set()

    async def flush(self) -> None:
        """Return when all that was queued is durable.

        Raises
        ------
        BrokerError
            It will never be.
        """
        while self._unsent and self._lost is None and not self._stopped_sending:
            self.message_sent.clear()
            await self.message_sent.wait()
        if self._lost is not None or self._unsent:
            raise BrokerError(f"Records were not sent: {self._lost or 'the worker stops'}") from self._lost

    async def on_stop(self) -> None:
        # What is queued still belongs to a batch that is not acknowledged, and comes again.
        self._stopped_sending = True
        self.message_sent.set()
