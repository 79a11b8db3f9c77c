"""A worker that is killed with SIGKILL at a chosen one of the moments at which something becomes durable."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evalstream.scorers.load import load_file
from evalstream.streams import worker
from evalstream.streams.logs.atomic import AtomicFile
from evalstream.streams.logs.eval_target import EvalTarget
from evalstream.streams.scoring.scoring import Scoring
from evalstream.streams.settings import Settings
from evalstream.streams.transport import local
from evalstream.streams.transport.kafka import consumer_thread as kafka
from evalstream.streams.transport.kafka.sender import KafkaSender
from evalstream.streams.transport.sqlite_store import SqliteStore

RECORDS_A_BATCH = 16
BATCH_BYTES = 8 * 1024
COMMIT_SECONDS = 0.02

MOMENTS: list[tuple[type, str]] = [
    (SqliteStore, "append"),
    (SqliteStore, "commit"),
    (KafkaSender, "send"),  # scores, segments, metrics, the word that a log is written
    (kafka.ConsumerThread, "_commit"),
    (EvalTarget, "add_sample"),
    (EvalTarget, "commit"),
    (AtomicFile, "commit"),  # flush and rename
]
"""Before and after each call of these is a moment to die at."""

SCORING = (Scoring, "score")
"""So is this, for who wants more moments."""


def run(settings: Settings, scorer_file: Path, die_at: int | None) -> None:
    """Run until all is done, or until the moment of that number (from 1) comes."""
    load_file(scorer_file)
    local.FETCH_RECORDS = RECORDS_A_BATCH
    kafka.FETCH_BYTES = BATCH_BYTES
    worker.new_app = eager(worker.new_app)
    if die_at is not None:
        count_moments(die_at)
    asyncio.run(_work(settings))


def eager(new_app: Callable[..., Any]) -> Callable[..., Any]:
    """Return what makes apps that commit as soon as there is something to commit."""

    def eager_app(*args: Any) -> Any:
        app = new_app(*args)
        app.conf.broker_commit_interval = COMMIT_SECONDS
        return app

    return eager_app


def count_moments(die_at: int) -> None:
    """Let this process die at the moment of that number."""
    left = die_at

    def moment() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for owner, name in [*MOMENTS, SCORING]:
        setattr(owner, name, _with_moments(getattr(owner, name), moment))


def _with_moments(method: Callable[..., Any], moment: Callable[[], None]) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        moment()
        result = method(*args, **kwargs)
        moment()
        return result

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        moment()
        result = await method(*args, **kwargs)
        moment()
        return result

    return call_async if inspect.iscoroutinefunction(method) else call


async def _work(settings: Settings) -> None:
    settings.log_dir.mkdir(exist_ok=True)
    async with worker.running_worker(settings) as pipeline:
        while not any(run.materialised for run in pipeline.runs):
            await asyncio.wait({pipeline.failed}, timeout=0.01)
            if pipeline.failed.done():
                pipeline.failed.result()
        await worker.until_idle(pipeline, 0.1)
