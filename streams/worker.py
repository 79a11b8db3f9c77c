"""A worker: one Faust app with its agents, running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .app import build_app, new_app
from .pipeline import Listener, Pipeline
from .settings import Settings
from .tally.run_state import RunState
from .transport.client import BrokerClient, LocalClient
from .transport.embedded import worker_lock
from .transport.reader import BrokerReader, TopicReader
from .transport.stores import close_store, embedded_folder, open_store

if TYPE_CHECKING:
    from .monitoring.monitor import Monitor

__all__ = ["running_worker"]


@asynccontextmanager
async def running_worker(
    settings: Settings,
    listener: Listener | None = None,
    destination: Callable[[RunState], Path] | None = None,
    prepare: Callable[[Pipeline], None] | None = None,
) -> AsyncIterator[Pipeline]:
    """Run the agents for as long as the block lasts.

    Parameters
    ----------
    settings, listener, destination
        See `Pipeline`.
    prepare
        Is shown the pipeline before anything is consumed.

    Raises
    ------
    BrokerError
        The broker cannot be opened, or another worker runs on an embedded one.
    UsageError
        Metrics cannot be served where the settings say, or the blob dir is a URL that nothing here can open.
    """
    async with AsyncExitStack() as stack:
        monitor = await _monitor(settings, stack)
        if urlsplit(settings.broker).scheme == "embedded":
            stack.enter_context(worker_lock(embedded_folder(settings.broker)))
        partitions, new_client = await _connect(settings, stack)
        distant = urlsplit(settings.broker).scheme == "kafka"

        def new_reader() -> TopicReader:
            return BrokerReader(new_client(), distant)

        app = new_app(settings, partitions, new_client)
        pipeline = Pipeline(settings, partitions, new_reader, listener, destination)
        stack.callback(pipeline.close)
        _register_blobs(settings, pipeline)
        if prepare is not None:
            prepare(pipeline)
        build_app(app, pipeline)
        if monitor is not None:
            monitor.watch(app, pipeline)
        # Before the start: one that is interrupted leaves services that only a stop ends.
        stack.push_async_callback(app.stop)
        await app.start()
        pipeline.caught_up = app.consumer.caught_up
        pipeline.touch()
        if monitor is not None:
            stack.callback(monitor.drain)  # before anything stops
        yield pipeline


async def _monitor(settings: Settings, stack: AsyncExitStack) -> Monitor | None:
    """Serve metrics and health, if they are asked for, from before the broker is there until all has stopped."""
    if settings.metrics_port is None:
        return None
    # Not at the top: a command on one log has no use for it.
    from .monitoring.monitor import Monitor  # noqa: PLC0415

    return await stack.enter_async_context(Monitor(settings.metrics_host, settings.metrics_port))


def _register_blobs(settings: Settings, pipeline: Pipeline) -> None:
    """Let events claim large samples from the blob dir of this worker's own settings."""
    if urlsplit(settings.broker).scheme == "memory":
        return  # its publisher is this very process, which needs no claim checks
    # Not at the top: a command on one log has no use for it.
    from .blobs.where import register_blobs  # noqa: PLC0415

    register_blobs(settings, pipeline.claims)


async def _connect(settings: Settings, stack: AsyncExitStack) -> tuple[int, Callable[[], BrokerClient]]:
    """Return how many partitions there are, and what makes clients of the broker."""
    if urlsplit(settings.broker).scheme == "kafka":
        # Not at the top: a command on one log should not wait for Kafka's client.
        from .transport.kafka.client import KafkaClient  # noqa: PLC0415
        from .transport.kafka.start import prepared_topics  # noqa: PLC0415

        return await prepared_topics(settings), lambda: KafkaClient(settings)
    store = open_store(settings.broker)
    stack.callback(close_store, settings.broker)
    return 1, lambda: LocalClient(store)


async def until_idle(pipeline: Pipeline, seconds: float) -> None:
    """Return when every known eval has its log and nothing came for some seconds; raise what an agent failed with."""
    loop = asyncio.get_running_loop()
    while True:
        quiet = loop.time() - pipeline.last_activity
        if (
            quiet >= seconds
            and not pipeline.under_way
            and not pipeline.runs.unfinished()
            and await pipeline.caught_up()
        ):
            return
        await asyncio.wait({pipeline.failed}, timeout=max(seconds - quiet, 0.05))
        if pipeline.failed.done():
            pipeline.failed.result()
