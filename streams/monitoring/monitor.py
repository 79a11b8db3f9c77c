"""A worker's metrics and health over HTTP."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
from http import HTTPStatus
from types import TracebackType
from typing import Any

from ..pipeline import Pipeline
from .counters import Counters
from .exposition import WorkerState, exposition
from .health import STALE_SECONDS, Health
from .server import HttpServer, Reply

__all__ = ["Monitor"]

logger = logging.getLogger("evalstream.worker")

ANSWER_SECONDS = 8.0
"""How long a scrape waits for the event loop; Prometheus gives up after 10 s unless it is told otherwise."""

INDEX = b"""evalstream worker

/metrics   for Prometheus
/healthz   200 while the worker lives
/readyz    200 while it works on all that is its own
"""


class Monitor:
    """Serves a worker's metrics and health, for as long as the block lasts.

    Parameters
    ----------
    host, port
        Where to listen; port 0 is any free one.
    stale
        An event loop that was silent for so many seconds is blocked.

    Raises
    ------
    UsageError
        On entering: it cannot listen there.
    """

    def __init__(self, host: str, port: int, stale: float = STALE_SECONDS) -> None:
        self._host, self._port = host, port
        self._health, self._counters = Health(stale), Counters()
        self._state = WorkerState(self._counters)

    async def __aenter__(self) -> Monitor:
        self._loop = asyncio.get_running_loop()
        self._server = HttpServer(
            self._host,
            self._port,
            {
                "/": lambda _: Reply(HTTPStatus.OK, INDEX),
                "/healthz": lambda _: _verdict(self._health.ill()),
                "/readyz": lambda _: _verdict(self._health.unready()),
                "/metrics": self._metrics,
            },
        )
        self._heart = asyncio.create_task(self._health.beat())
        logger.info("metrics on %s/metrics", self.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # In a thread: the server may wait for an answer of this loop.
        await asyncio.to_thread(self._server.stop)
        self._heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._heart

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def watch(self, app: Any, pipeline: Pipeline) -> None:
        """Tell of this app, and count what its agents do."""
        self._health.watch(app, pipeline)
        self._state.watch(app, pipeline)
        pipeline.recorder = self._counters

    def drain(self) -> None:
        """Be ready no longer: the worker stops."""
        self._health.drain()

    def _metrics(self, accept: str) -> Reply:
        asked = asyncio.run_coroutine_threadsafe(self._state.families(), self._loop)
        try:
            families = asked.result(ANSWER_SECONDS)
        except concurrent.futures.TimeoutError:
            asked.cancel()
            text = f"the event loop has not answered for {ANSWER_SECONDS:.0f} s\n"
            return Reply(HTTPStatus.SERVICE_UNAVAILABLE, text.encode())
        except Exception as error:  # whatever it is, the worker goes on  # noqa: BLE001
            logger.warning("metrics cannot be read: %s: %s", type(error).__name__, error)
            return Reply(HTTPStatus.INTERNAL_SERVER_ERROR, b"metrics cannot be read; the worker's log says why\n")
        return Reply(HTTPStatus.OK, *exposition(families, accept))


def _verdict(trouble: str | None) -> Reply:
    if trouble is None:
        return Reply(HTTPStatus.OK, b"ok\n")
    return Reply(HTTPStatus.SERVICE_UNAVAILABLE, f"{trouble}\n".encode(errors="replace"))
