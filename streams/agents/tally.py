"""The tally agent: scores and evals in, state and metrics out."""

from __future__ import annotations

import asyncio
import logging
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from ..changelog import changelog_name
from ..events import EvalCompleted, EvalGivenUp, EvalStarted
from ..pipeline import Pipeline
from ..publish.events_of_log import of_eval
from ..tally.deadlines import Deadlines
from ..tally.forgetting import Forgetting
from ..tally.keys import eval_of, run_of_key, state_key
from ..tally.rows import Row, encode_segment
from ..tally.run_state import RunState
from ..tally.score_reader import RowRead, read_event
from ..tally.segments import Segments
from ..tally.snapshots import Snapshots
from ..topics import EVALS, METRICS, SCORES
from ..transport.record import Batch, NewRecord, Record
from .checkpoint import Checkpoint, of_run

__all__ = ["TallyAgent"]

logger = logging.getLogger(__name__)

_OfEvals = EvalStarted | EvalCompleted | EvalGivenUp
_evals_events: TypeAdapter[_OfEvals] = TypeAdapter(Annotated[_OfEvals, Field(discriminator="event")])

LOOKS = 10
"""How often runs are looked at while their deadline passes."""

LONGEST_LOOK = 3600.0
"""Seconds; a look at all runs costs little."""


class TallyAgent:
    """Keeps each run's state; sees all of an eval's scores, because they are in one partition."""

    def __init__(self, app: Any, pipeline: Pipeline, table: Any) -> None:
        self._app, self._pipeline, self._table = app, pipeline, table
        self._segments = Segments()
        self._snapshots = Snapshots(pipeline.settings.metrics_interval)
        self._unseen: dict[tuple[str, str], RunState] = {}
        self._follow_up: asyncio.Task[None] | None = None
        self._watches: list[asyncio.Future[None]] = []

    async def recover(self) -> None:
        """Make the state anew from the recovered table; Faust starts agents before their tables are there."""
        try:
            recovery, place = self._app.tables.recovery, self._pipeline.runs.place
            data = self._table.data.data  # the store's own dict: these are no changes of the table
            for key in [key for key in data if place(eval_of(key)) not in recovery.kept]:
                del data[key]
            for records in recovery.found.values():
                data.update(records)
            self._pipeline.runs.rebuild(recovery.found.values(), recovery.kept)
            self._segments.take(data.items())
        except Exception as error:  # noqa: BLE001 (Faust swallows it, and would go on with half the state)
            self._pipeline.fail(error)

    async def __call__(self, stream: Any) -> None:
        """Run for ever, over the events of ``scores`` and ``evals``."""
        if not self._watches:
            settings = self._pipeline.settings
            if settings.eval_deadline is not None:
                self._watches.append(self._app.add_future(self._give_up(settings.eval_deadline)))
            if settings.state_retention is not None:
                self._watches.append(self._app.add_future(self._forget(settings.state_retention)))
        async for event in stream.noack().events():
            try:
                await self._take(event)
            except Exception as error:  # noqa: BLE001 (see the package: an agent's body must not raise)
                self._pipeline.fail(error)

    async def _take(self, event: Any) -> None:
        batch: Batch = event.value
        self._pipeline.touch()
        checkpoint = Checkpoint(self._app, self._table)
        new: dict[tuple[str, str], list[Row]] = {}
        touched: dict[tuple[str, str], RunState] = {}
        runs = self._pipeline.runs
        for record in batch.records:
            message = _read(record, batch.topic)
            if message is None:
                continue
            run = runs.get(message.eval_id, message.run_id)
            touched[run.eval_id, run.run_id] = run
            if not isinstance(message, RowRead):
                checkpoint.keep(_note(run, message, record.value or b""))
                continue
            row = message.row
            if run.apply(row):
                new.setdefault((run.eval_id, run.run_id), []).append(row)
            else:
                self._pipeline.recorder.dropped(run, row)
            revived = run.revive(message.identity)
            if revived is not None:
                new.setdefault((run.eval_id, run.run_id), []).append(revived)
        for key, rows in new.items():
            # Named after the batch: of two owners who see the same batch each writes the same segment.
            self._keep_rows(checkpoint, touched[key], batch.records[-1].offset, encode_segment(rows))
        for key, run in touched.items():
            self._pipeline.recorder.tallied(batch, run, new.get(key, ()))
            update = self._snapshots.of(run)
            if update is not None:
                checkpoint.send(METRICS, [of_run(run, update.to_bytes())])
                self._unseen.pop((run.eval_id, run.run_id), None)
            else:
                self._unseen[run.eval_id, run.run_id] = run
            if self._pipeline.listener is not None:
                self._pipeline.listener.on_progress(run)
        await checkpoint.commit(event)
        if self._unseen and (self._follow_up is None or self._follow_up.done()):
            self._follow_up = asyncio.create_task(self._show_unseen())

    def _keep_rows(self, checkpoint: Checkpoint, run: RunState, offset: int, segment: bytes) -> None:
        key = state_key(run, "rows", offset)
        checkpoint.keep({key: segment})
        self._segments.add(key, segment)
        written, deleted = self._segments.merged(run, self._app.consumer_generation_id)
        checkpoint.keep(written)
        checkpoint.drop(deleted)

    async def _give_up(self, deadline: float) -> None:
        """Say of which evals nothing has come for too long. It is an event like others: whoever owns them hears it.

        The app ends this task when it stops.
        """
        deadlines = Deadlines(deadline)
        try:
            while True:
                await asyncio.sleep(deadline / LOOKS)
                checkpoint = Checkpoint(self._app)
                for event in deadlines.overdue(self._pipeline.runs):
                    run = self._pipeline.runs.get(event.eval_id, event.run_id)
                    if run.started is None:
                        run.abandoned = "its EvalStarted never came"
                    logger.warning("eval %s run %s is given up: %s", run.eval_id, run.run_id, event.reason)
                    checkpoint.send(EVALS, [of_eval(event)])
                await checkpoint.commit()
        except Exception as error:  # noqa: BLE001 (nobody else looks at this task)
            self._pipeline.fail(error)

    async def _forget(self, seconds: float) -> None:
        """Delete the state of runs whose logs were written long ago; the app ends this task when it stops."""
        forgetting = Forgetting(seconds)
        try:
            while True:
                await asyncio.sleep(min(seconds / LOOKS, LONGEST_LOOK))
                outlived = {(run.eval_id, run.run_id): run for run in forgetting.outlived(self._pipeline.runs)}
                if not outlived:
                    continue
                table = self._table.data.data
                keys = [key for key in table if run_of_key(key) in outlived]
                # Not by way of the table: Faust changes one only while an event is being handled, and only in that
                # event's partition.
                gone = [NewRecord(key, None, place=eval_of(key).encode()) for key in keys]
                # What the table has queued of them must not come after.
                await self._app.producer.flush()
                await self._app.producer.send_batch(changelog_name(self._pipeline.settings), gone)
                for key in keys:
                    table.pop(key, None)
                for run in outlived.values():
                    self._pipeline.runs.forget(run)
                    self._segments.forget(run)
                    logger.info("eval %s run %s is forgotten: its log is old", run.eval_id, run.run_id)
        except Exception as error:  # noqa: BLE001 (nobody else looks at this task)
            self._pipeline.fail(error)

    async def _show_unseen(self) -> None:
        """Publish what came too soon after a snapshot, and is the last for now, when the next one is due."""
        try:
            while self._unseen:
                await asyncio.sleep(self._pipeline.settings.metrics_interval)
                checkpoint = Checkpoint(self._app)
                for key, run in list(self._unseen.items()):
                    if self._pipeline.runs.get(*key) is not run:
                        del self._unseen[key]  # it is another worker's by now
                        continue
                    update = self._snapshots.of(run)
                    if update is not None:
                        checkpoint.send(METRICS, [of_run(run, update.to_bytes())])
                    if update is not None or run.final is not None or run.materialised is not None:
                        del self._unseen[key]
                await checkpoint.commit()
        except Exception as error:  # noqa: BLE001 (nobody else looks at this task)
            self._pipeline.fail(error)


def _note(run: RunState, message: _OfEvals, value: bytes) -> dict[bytes, bytes]:
    """Apply an event of ``evals``, and return what to keep of it: nothing if it changes nothing."""
    if isinstance(message, EvalGivenUp):
        return {state_key(run, "given up"): value} if run.give_up(message) else {}
    if isinstance(message, EvalCompleted):
        return {state_key(run, "complete"): value} if run.complete(message) else {}
    if not run.start(message):
        return {}
    if run.problem is not None:
        logger.warning("eval %s: %s Its samples fail, each with this reason.", run.eval_id, run.problem)
    return {state_key(run, "start"): value}


def _read(record: Record, topic: str) -> RowRead | _OfEvals | None:
    value = record.value or b""
    try:
        return read_event(value, record.offset) if topic == SCORES.name else _evals_events.validate_json(value)
    except ValidationError as error:
        logger.warning("record %d of topic %s is not an event that this version knows: %s", record.offset, topic, error)
        return None
