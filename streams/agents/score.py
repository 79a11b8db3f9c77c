"""The score agent: completions in, scores out."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import Sequence
from typing import Any

from ..dead_letters.letter import dead_letter, letter_id, record_digest
from ..errors import CompletionError
from ..events import SampleDeadLettered, Source
from ..pipeline import Pipeline
from ..scoring.completion import Completion, CompletionReader
from ..scoring.failure import Failure
from ..scoring.retries import is_transient
from ..scoring.scorer_set import ScorerSet
from ..scoring.sheet import Scored, failed
from ..scoring.too_large import printed
from ..topics import COMPLETIONS, DEAD_LETTERS, SCORES
from ..transport.record import Batch, NewRecord, Record
from .checkpoint import Checkpoint
from .outbox import Outbox
from .window import Window

__all__ = ["ScoreAgent"]

logger = logging.getLogger(__name__)


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
        self._pipeline.touch()
        with self._pipeline.at_work():
            checkpoint, waiting = await self._begin(event.value)
            if not waiting:
                await checkpoint.commit(event)
        if waiting:
            # Those that wait have their records. The batch's others, megabytes maybe, need not stay until they end.
            event.value = event.message.value = dataclasses.replace(event.value, records=())
            task = asyncio.create_task(self._finish(event, checkpoint, waiting))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)

    async def _begin(self, batch: Batch) -> tuple[Checkpoint, list[asyncio.Task[None]]]:
        """Score a batch; what waits is under way when this returns, in a task for each sample."""
        recorder = self._pipeline.recorder
        recorder.consumed(batch)
        checkpoint = Checkpoint(self._app)
        scored: list[NewRecord] = []
        letters: list[NewRecord] = []
        waiting: list[asyncio.Task[None]] = []
        for record in batch.records:
            if record.offset in self._pipeline.scored_before:
                continue
            source = Source(topic=COMPLETIONS.name, partition=batch.partition, offset=record.offset)
            digest = record_digest(record.key, record.value)
            try:
                completion = await self._read(record, source, digest)
            except CompletionError as error:
                failure = Failure("decode", error)
                letters.append(_letter(record, source, failure, digest))
                recorder.dead_lettered("decode", error)
                scored.extend(_dead(error, failure, source, record, digest))
                continue
            scorers = self._pipeline.scoring.scorers(completion)
            if isinstance(scorers, Failure):
                result = failed(completion, scorers)
            elif scorers.immediate:
                result = self._pipeline.scoring.score_now(completion, scorers)
            else:
                await self._window.acquire(completion.size)
                waiting.append(asyncio.create_task(self._score_slowly(record, completion, scorers)))
                continue
            result, texts = printed(result, self._app.producer.takes)
            scored.extend(self._records(completion, record, result, texts))
            letters.extend(self._letters(record, completion, result))
        # Letters first: who sees that a sample has failed finds its letter.
        checkpoint.send(DEAD_LETTERS, letters)
        checkpoint.send(SCORES, scored)
        return checkpoint, waiting

    async def _read(self, record: Record, source: Source, digest: str) -> Completion:
        """Read a completion; where its body is claimed may be out of reach for a while.

        Raises
        ------
        CompletionError
            It cannot be read, and waiting does not mend that.
        """
        begun, attempts = time.monotonic(), 0
        while True:
            attempts += 1
            try:
                value = record.value or b""
                if self._completions.waits(value):
                    return await asyncio.to_thread(self._completions.read, value, source, digest)
                return self._completions.read(value, source, digest)
            except CompletionError as error:
                retries, pause = self._pipeline.scoring.retries, None
                if is_transient(error):
                    pause = retries.pause(error, attempts, time.monotonic() - begun)
                if pause is None:
                    raise
                logger.warning("record %d of completions: %r; next try in %.1f s", record.offset, str(error), pause)
            await asyncio.sleep(pause)

    async def _score_slowly(self, record: Record, completion: Completion, scorers: ScorerSet) -> None:
        try:
            result = await self._pipeline.scoring.score(completion, scorers)
        finally:
            self._window.release(completion.size)
        result, texts = printed(result, self._app.producer.takes)
        letters = self._letters(record, completion, result)
        if letters:
            await self._app.producer.send_batch(DEAD_LETTERS.name, letters)
        await self._outbox.send(self._records(completion, record, result, texts))

    def _records(
        self, completion: Completion, record: Record, result: Scored, texts: Sequence[bytes]
    ) -> list[NewRecord]:
        headers = self._pipeline.recorder.scored(record, result.events)
        key = completion.eval_id.encode()
        return [NewRecord(key, text, headers) for text in texts]

    def _letters(self, record: Record, completion: Completion, result: Scored) -> list[NewRecord]:
        """Make the letters of a completion that some scorer failed on: one for each stage, about the first to fail."""
        first = {failure.stage: failure for failure in reversed(result.failures)}
        for stage, failure in first.items():
            self._pipeline.recorder.dead_lettered(stage, failure.error)
        return [_letter(record, completion.source, failure, completion.record) for failure in first.values()]

    async def _finish(self, event: Any, checkpoint: Checkpoint, waiting: list[asyncio.Task[None]]) -> None:
        try:
            with self._pipeline.at_work():
                await asyncio.gather(*waiting)
                await checkpoint.commit(event)
        except Exception as error:  # noqa: BLE001
            self._pipeline.fail(error)


def _letter(record: Record, source: Source, failure: Failure, digest: str) -> NewRecord:
    made = dead_letter(record, source, failure)
    logger.warning(
        "dead letter %s: record %d of %s, partition %d (key %r), stage %s, after %d attempt%s: %s: %r",
        letter_id(source.topic, failure.stage, digest), source.offset, source.topic, source.partition, record.key,
        failure.stage, failure.attempts, "s" * (failure.attempts != 1), type(failure.error).__name__,
        failure.told().message[:200],
    )  # fmt: skip
    return made


def _dead(error: CompletionError, failure: Failure, source: Source, record: Record, digest: str) -> list[NewRecord]:
    """Tell the ledger of the eval, if the record says whose it was."""
    if not error.eval_id:
        return []
    event = SampleDeadLettered(
        eval_id=error.eval_id,
        run_id=error.run_id,
        sample=error.sample or _sample_of(record.key, error.eval_id),
        error=failure.told(),
        # The same record, published again at another offset, is the same dead letter.
        record=digest,
        source=source,
    )
    return [NewRecord(error.eval_id.encode(), event.to_bytes())]


def _sample_of(key: bytes | None, eval_id: str) -> str:
    """Name a sample by its record's key, which is eval id / sample id if the producer keeps to it."""
    text = (key or b"").decode(errors="replace")
    return text[len(eval_id) + 1 :] if text.startswith(f"{eval_id}/") else ""
