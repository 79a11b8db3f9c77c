"""HTTP connections of an event loop: one transport of httpx for each call under way.

One client with a hundred connections would be slower than a hundred transports with one each: httpcore's pool looks,
for each idle connection, at all the others, several times for each request. And a transport lacks what a client does
for redirects, cookies and authentication, which is half of its time, and of no use here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from .per_loop import PerLoop

if TYPE_CHECKING:
    import ssl

    import httpx

__all__ = ["Connections", "connections_of_loop"]

KEEP_SECONDS = 30.0
"""So long an idle connection is kept; services close theirs after a minute or so."""

TIMEOUTS = {"connect": 30.0, "read": None, "write": None, "pool": None}
"""How long a whole call may take is the business of whoever makes it."""


class Connections:
    """The connections of one event loop: those that are free, by base URL."""

    def __init__(self) -> None:
        import httpx  # noqa: PLC0415 - 80 ms that scorers without a model need not wait for

        self._httpx = httpx
        self._proxies = getproxies()
        self._tls: ssl.SSLContext | None = None
        self._free: dict[str, list[httpx.AsyncHTTPTransport]] = {}
        self._urls: dict[str, httpx.URL] = {}
        self._lifetime: AsyncGenerator[None, None] | None = None

    @asynccontextmanager
    async def post(
        self, base_url: str, url: str, content: bytes, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """Post something; yields the response when its headers have come.

        Raises
        ------
        httpx.TransportError
            The service cannot be reached, or does not speak HTTP.
        """
        free = self._free.setdefault(base_url, [])
        transport = free.pop() if free else self._new(base_url)
        try:
            request = self._httpx.Request(
                "POST", self._parsed(url), content=content, headers=headers, extensions={"timeout": TIMEOUTS}
            )
            response = await transport.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            free.append(transport)

    def _new(self, base_url: str) -> httpx.AsyncHTTPTransport:
        limits = self._httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_SECONDS)
        url = self._httpx.URL(base_url)
        proxy = None
        if not proxy_bypass(url.host):
            proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        # Over plain HTTP without a proxy no certificate is ever looked at, and a context takes 20 ms to make.
        verify: Any = self._context() if proxy or url.scheme != "http" else False
        return self._httpx.AsyncHTTPTransport(verify=verify, limits=limits, proxy=proxy)

    def _parsed(self, url: str) -> httpx.URL:
        parsed = self._urls.get(url)
        if parsed is None:
            parsed = self._urls[url] = self._httpx.URL(url)
        return parsed

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._httpx.create_ssl_context()
        return self._tls

    async def close_with_loop(self) -> None:
        """Have the connections closed with the loop: whoever closes one properly first ends its async generators."""
        if self._lifetime is not None:
            return

        async def lifetime() -> AsyncGenerator[None, None]:
            try:
                yield
            finally:
                _connections.forget()
                await self.close()

        self._lifetime = lifetime()
        await self._lifetime.__anext__()

    async def close(self) -> None:
        """Close the connections that are free."""
        free = [transport for transports in self._free.values() for transport in transports]
        self._free.clear()
        await asyncio.gather(*(transport.aclose() for transport in free))


_connections: PerLoop[Connections] = PerLoop()


async def connections_of_loop() -> Connections:
    """Return the connections of the loop that runs."""
    connections = _connections.get("", Connections)
    await connections.close_with_loop()
    return connections
