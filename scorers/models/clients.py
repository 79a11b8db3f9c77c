"""HTTP clients of an event loop, one for each call under way.

One client with a hundred connections would be slower than a hundred clients with one each: httpcore's pool looks, for
each idle connection, at all the others, several times for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from .per_loop import PerLoop

if TYPE_CHECKING:
    import httpx

__all__ = ["Clients", "clients_of_loop"]

CONNECT_SECONDS = 30.0

KEEP_SECONDS = 30.0
"""So long an idle connection is kept; services close theirs after a minute or so."""


class Clients:
    """The clients of one event loop: those that are free, by base URL."""

    def __init__(self) -> None:
        import httpx  # noqa: PLC0415 - 80 ms that scorers without a model need not wait for

        self._httpx = httpx
        self._tls = httpx.create_ssl_context()  # 20 ms, so one for all
        self._free: dict[str, list[httpx.AsyncClient]] = {}
        self._lifetime: AsyncGenerator[None, None] | None = None

    def take(self, base_url: str) -> httpx.AsyncClient:
        """Return the client that was used last of those that are free, or a new one."""
        free = self._free.get(base_url)
        if free:
            return free.pop()
        # How many calls there are at once is the limiters' business, and how long one takes `post`'s.
        limits = self._httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_SECONDS)
        timeout = self._httpx.Timeout(None, connect=CONNECT_SECONDS)
        return self._httpx.AsyncClient(verify=self._tls, limits=limits, timeout=timeout)

    def give_back(self, base_url: str, client: httpx.AsyncClient) -> None:
        """Let others use a client."""
        self._free.setdefault(base_url, []).append(client)

    async def close_with_loop(self) -> None:
        """Have the clients closed with the loop: whoever closes one properly ends its asynchronous generators first."""
        if self._lifetime is not None:
            return

        async def lifetime() -> AsyncGenerator[None, None]:
            try:
                yield
            finally:
                _clients.forget()
                await self.close()

        self._lifetime = lifetime()
        await self._lifetime.__anext__()

    async def close(self) -> None:
        """Close the clients that are free."""
        free = [client for clients in self._free.values() for client in clients]
        self._free.clear()
        await asyncio.gather(*(client.aclose() for client in free))


_clients: PerLoop[Clients] = PerLoop()


async def clients_of_loop() -> Clients:
    """Return the clients of the loop that runs."""
    clients = _clients.get("", Clients)
    await clients.close_with_loop()
    return clients
