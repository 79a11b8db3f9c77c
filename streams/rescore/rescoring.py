"""Runs a rescoring: the same agents as ever, on a private broker in a folder of its own.

The folder holds all that the run knows. A process that dies leaves it behind, and the next one goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..blobs.where import blob_dir
from ..errors import StreamsError
from ..pipeline import Listener, Pipeline
from ..score_log import Outcome, ScoredLog
from ..settings import Settings
from ..tally.run_state import RunState
from ..topics import COMPLETIONS, EVALS, METRICS, SCORES, Topic
from ..transport.record import NewRecord
from ..transport.store import TopicStore
from ..transport.stores import open_store
from ..worker import running_worker
from .missing import missing_completions
from .publisher import Publisher
from .scored_before import scored_before

__all__ = ["BROKER_FOLDER", "GROUP", "rescore"]

BROKER_FOLDER = "broker"
GROUP = "rescore"
LOOK_SECONDS = 0.2


async def rescore(
    publisher: Publisher, scorers: int, path: Path, folder: Path, settings: Settings, listener: Listener | None = None
) -> ScoredLog:
    """Score what a publisher brings, and write the log.

    Parameters
    ----------
    publisher
        Brings the eval.
    scorers
        How many scorers there are.
    path
        Where the log goes.
    folder
        Where the private broker is kept; what an earlier process has done there is not done again.
    settings
        A worker's settings, as far as they do not concern its broker.
    listener
        Hears of progress.

    Raises
    ------
    StreamsError
        A broker cannot be used, or the log not be written.
    """
    url = f"embedded://{quote(str((folder / BROKER_FOLDER).absolute()))}"
    changes: dict[str, Any] = {
        "broker": url,
        "app_id": GROUP,
        "topic_prefix": "",
        "instance_id": None,
        "metrics_port": None,
        "eval_deadline": None,
        "state_retention": None,
        "blob_dir": blob_dir(settings),
    }
    own = settings.model_copy(update=changes)
    outcome = Outcome(listener)

    def prepare(pipeline: Pipeline) -> None:
        pipeline.scored_before = scored_before(open_store(url), GROUP, scorers)
        publisher.prepare(pipeline)

    async with running_worker(own, outcome, lambda _: path, prepare) as pipeline:
        store = open_store(url)
        stop = threading.Event()
        publishing = asyncio.create_task(asyncio.to_thread(publisher.publish, store, stop))
        try:
            return await _finished(pipeline, store, outcome.done, publishing)
        finally:
            # A thread cannot be cancelled, and uses both brokers.
            stop.set()
            with contextlib.suppress(Exception):
                await publishing


async def _finished(
    pipeline: Pipeline, store: TopicStore, written: asyncio.Future[ScoredLog], publishing: asyncio.Task[None]
) -> ScoredLog:
    """Return the log once it is written; raise what anything failed with."""
    missing_told = asked_again = False
    while True:
        waits: set[asyncio.Future[Any]] = {written, pipeline.failed}
        if not publishing.done():
            waits.add(publishing)
        await asyncio.wait(waits, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if written.done():
            return written.result()
        if pipeline.failed.done():
            pipeline.failed.result()
        if not publishing.done():
            continue
        publishing.result()
        for run in pipeline.runs:
            if run.materialised is not None and run.log_holds():
                return _found(run)
            if run.balances():
                if not asked_again and await asyncio.to_thread(_all_consumed, store, METRICS):
                    asked_again = True
                    await asyncio.to_thread(_ask_again, store)
            elif await asyncio.to_thread(_all_consumed, store):
                # The state is read again: what was consumed meanwhile may have been the rest.
                if run.balances():
                    continue
                records = [] if missing_told else missing_completions(run)
                if not records:
                    raise StreamsError(
                        f"Eval {run.eval_id!r} cannot be completed: {run.received} of {run.expected} samples have come,"
                        " and nothing more does. Please report this."
                    )
                missing_told = True
                await asyncio.to_thread(store.append, COMPLETIONS.name, records)


def _found(run: RunState) -> ScoredLog:
    """Return the log that an earlier process had written, whose death left nothing to do but to say so."""
    if run.materialised is None:
        raise ValueError("the run has no log")
    results = run.finish().results
    run.rows = [] if results is None else [row.as_json() for row in results.scores]
    return ScoredLog(run, run.materialised)


def _ask_again(store: TopicStore) -> None:
    """Publish the final metrics once more: an earlier process had met a full disk, say, and so given up the log."""
    last = store.end_offset(METRICS.name) - 1
    for record in store.read(METRICS.name, last, 1, 1) if last >= 0 else ():
        store.append(METRICS.name, [NewRecord(record.key, record.value)])


def _all_consumed(store: TopicStore, *more: Topic) -> bool:
    """Tell whether whatever is on the topics has had its effects: the agents have acknowledged all of it."""
    # In the order in which events follow from each other: what is acknowledged has sent what follows from it.
    topics = (EVALS, COMPLETIONS, SCORES, *more)
    return all((store.committed(GROUP, topic.name) or 0) >= store.end_offset(topic.name) for topic in topics)
