"""The score agent: completions in, scores out."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from ..errors import CompletionError
from ..events import SampleDeadLettered, ScoreEmitted, ScoreFailure, Source
from ..pipeline import Pipeline
from ..scoring.completion import Completion, CompletionReader
from ..scoring.dead_letter import dead_letter
from ..scoring.scorer_set import ScorerSet
from ..scoring.scoring import failed
from ..topics import COMPLETIONS, DEAD_LETTERS, SCORES
from ..transport.record import Batch, NewRecord, Record
from .checkpoint import Checkpoint
from .outbox import Outbox
from .window import Window

__all__ = ["ScoreAgent"]


class ScoreAgent:
    """Scores batches; scorers that wait do so in a window of samples that reaches across batches.

    So a slow judge holds up its own sample only. Batches may finish out of order: what is committed is the longest
    prefix of finished ones (`BatchingConsumer`).
    """

    def __init__(self, app: Any, pipeline: Pipeline) -> None:
        self._app, self._pipeline = app, pipeline
        self._window = Window(pipeline.settings.window_samples, pipeline.settings.window_bytes)
        self._outbox = Outbox(lambda records: app.producer.send_batch(SCORES.name, records))
        self._completions = CompletionReader(pipeline.claims)
        self._batches: set[asyncio.Task[None]] = set()

    async def __call__(self, stream: Any) -> None:
        """Run for ever, over the events of ``completions``."""
        async for event in stream.noack().events():
            try:
                await self._take(event)
            except Exception as error:  # noqa: BLE001 (see the package: an agent's body must not raise)
                self._pipeline.fail(error)

    async def _take(self, event: Any) -> None:
        batch: Batch = event.value
        self._pipeline.touch()
        self._pipeline.recorder.consumed(batch)
        checkpoint = Checkpoint(self._app)
        scored: list[NewRecord] = []
        waiting: list[asyncio.Task[None]] = []
        for record in batch.records:
            source = Source(topic=COMPLETIONS.name, partition=batch.partition, offset=record.offset)
            try:
                completion = self._completions.read(record.value or b"", source)
            except CompletionError as error:
                checkpoint.send(DEAD_LETTERS, [dead_letter(record, source, error, "decode")])
                scored.extend(_dead(error, source, record))
                self._pipeline.recorder.dead_lettered("decode", error)
                continue
            scorers = self._pipeline.scoring.scorers(completion)
            if isinstance(scorers, ScoreFailure):
                scored.extend(self._records(completion, record, failed(completion, scorers)))
            elif scorers.immediate:
                emitted = self._pipeline.scoring.score_now(completion, scorers)
                scored.extend(self._records(completion, record, emitted))
            else:
                await self._window.acquire(completion.size)
                waiting.append(asyncio.create_task(self._score_slowly(completion, record, scorers)))
        checkpoint.send(SCORES, scored)
        if waiting:
            task = asyncio.create_task(self._finish(event, checkpoint, waiting))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)
        else:
            await checkpoint.commit(event)

    async def _score_slowly(self, completion: Completion, record: Record, scorers: ScorerSet) -> None:
        try:
            emitted = await self._pipeline.scoring.score(completion, scorers)
        finally:
            self._window.release(completion.size)
        await self._outbox.send(self._records(completion, record, emitted))

    def _records(self, completion: Completion, record: Record, emitted: list[ScoreEmitted]) -> list[NewRecord]:
        headers = self._pipeline.recorder.scored(record, emitted)
        key = completion.eval_id.encode()
        return [NewRecord(key, event.to_bytes(), headers) for event in emitted]

    async def _finish(self, event: Any, checkpoint: Checkpoint, waiting: list[asyncio.Task[None]]) -> None:
        try:
            await asyncio.gather(*waiting)
            await checkpoint.commit(event)
        except Exception as error:  # noqa: BLE001
            self._pipeline.fail(error)


def _dead(error: CompletionError, source: Source, record: Record) -> list[NewRecord]:
    """Tell the ledger of the eval, if the record says whose it was."""
    if not error.eval_id:
        return []
    failure = ScoreFailure(type=type(error).__name__, message=str(error), stage="decode")
    event = SampleDeadLettered(
        eval_id=error.eval_id,
        run_id=error.run_id,
        sample=error.sample,
        error=failure,
        # The same record, published again at another offset, is the same dead letter.
        record=hashlib.sha256((record.key or b"") + b"\0" + (record.value or b"")).hexdigest(),
        source=source,
    )
    return [NewRecord(error.eval_id.encode(), event.to_bytes())]
