"""The materialise agent: a run's final metrics in, its log out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from typing import Any

from pydantic import ValidationError

from ..errors import BrokerError, LogWriteError, StreamsError
from ..events import LogMaterialised, MetricsUpdated
from ..materialise.assemble import write_log
from ..pauses import pauses
from ..pipeline import Pipeline
from ..scoring.retries import is_transient
from ..tally.keys import state_key
from ..tally.run_state import RunState
from ..topics import LOGS
from ..transport.record import Batch
from .checkpoint import Checkpoint, of_run

__all__ = ["MaterialiseAgent"]

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 60.0


class _StoppedError(Exception):
    """The worker stops while a log is being written; the log is written anew when it runs again."""


class MaterialiseAgent:
    """Writes logs, one after the other, each in a thread so that the other agents go on."""

    def __init__(self, app: Any, pipeline: Pipeline, table: Any) -> None:
        self._app, self._pipeline, self._table = app, pipeline, table

    async def __call__(self, stream: Any) -> None:
        """Run for ever, over the events of ``metrics``."""
        async for event in stream.noack().events():
            try:
                await self._take(event)
            except Exception as error:  # noqa: BLE001 (see the package: an agent's body must not raise)
                self._pipeline.fail(error)

    async def _take(self, event: Any) -> None:
        batch: Batch = event.value
        checkpoint = Checkpoint(self._app, self._table)
        for record in batch.records:
            try:
                update = MetricsUpdated.model_validate_json(record.value or b"")
            except ValidationError as error:
                logger.warning("record %d of topic metrics is not a MetricsUpdated: %s", record.offset, error)
                continue
            run = self._pipeline.runs.get(update.eval_id, update.run_id)
            if not update.final or not run.balances():
                continue
            # Known already if the worker died before the batch was acknowledged: then only the event may be missing.
            written = run.materialised if run.log_holds() else await self._write(run)
            if written is None:
                continue
            text = written.to_bytes()
            checkpoint.keep({state_key(run, "log"): text})
            checkpoint.send(LOGS, [of_run(run, text)])
            run.materialised = written
        await checkpoint.commit(event)
        self._pipeline.touch()

    async def _write(self, run: RunState) -> LogMaterialised | None:
        """Write a run's log, again and again if the disk is full, the broker away...; None if it cannot be written.

        None too if scores came meanwhile and more are missing now: the tally says when they are there.
        """
        listener, delays = self._pipeline.listener, pauses(FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS)
        run.abandoned = None
        while run.balances():
            changes = run.changes
            try:
                written = await self._write_once(run)
            except Exception as error:
                if run.changes != changes:
                    continue  # whatever it was, it was of two states at once
                if not isinstance(error, StreamsError):
                    raise
                run.abandoned = str(error)
                if listener is not None and not listener.on_unwritten(run, error):
                    return None
                # A broker, or a store of large samples, that does not answer just now is no reason to give up a log.
                broken = isinstance(error, BrokerError) or (isinstance(error, LogWriteError) and error.cause)
                if not (broken or is_transient(error)):
                    logger.error("the log of eval %s run %s is not written: %s", run.eval_id, run.run_id, error)
                    return None
                run.abandoned = None
                delay = next(delays)
                logger.error("%s (next try in %.0f s)", error, delay)
                await asyncio.sleep(delay)
            else:
                if listener is not None:
                    listener.on_materialised(run, written)
                return written
        return None

    async def _write_once(self, run: RunState) -> LogMaterialised:
        stopped = threading.Event()
        listener, changes = self._pipeline.listener, run.changes

        def progress(done: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            if listener is not None:
                listener.on_writing(run, done)

        path = self._pipeline.destination(run)

        def write() -> LogMaterialised:
            with contextlib.closing(self._pipeline.new_reader()) as reader:
                log = write_log(run, path, reader, self._pipeline.claims, progress, changes)
            return log.model_copy(update={"location": self._pipeline.deliver(path), "written_at": time.time()})

        task = asyncio.ensure_future(asyncio.to_thread(write))
        # Nobody else looks at the error of a task that is given up, and asyncio would print it.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            stopped.set()
            # Wait until the half-written file is gone.
            await asyncio.wait({task})
            raise
