"""Scoring one log by the same agents that score a stream, over a broker that lives as long as the call."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DamagedLogError, StreamsError
from .events import LogMaterialised
from .logs.block import SampleBlock
from .logs.source import LogSource
from .pipeline import Listener, Pipeline
from .publish.events_of_log import LogEvents, of_eval
from .publish.plan import ScoringPlan
from .scoring.retries import Retries
from .settings import Settings
from .tally.dataset_ids import take_out
from .tally.run_state import RunState
from .topics import COMPLETIONS, EVALS
from .transport.stores import open_store
from .worker import running_worker

if TYPE_CHECKING:
    from .sandboxes.printing import Snapshots

__all__ = ["Outcome", "ScoredLog", "score_log"]

PUBLISH_RECORDS = 1000

PATIENCE_SECONDS = 2.0
"""How long nothing may change before a run that lacks something is looked at."""

_brokers = itertools.count()


@dataclass(frozen=True)
class ScoredLog:
    """A log that was scored: the state it was written from, and where it is."""

    run: RunState
    written: LogMaterialised


class Outcome:
    """A listener that waits for the log, and passes on what it hears."""

    def __init__(self, inner: Listener | None) -> None:
        self._inner = inner
        self.done: asyncio.Future[ScoredLog] = asyncio.get_running_loop().create_future()

    def on_progress(self, run: RunState) -> None:
        if self._inner is not None:
            self._inner.on_progress(run)

    def on_writing(self, run: RunState, samples: int) -> None:
        if self._inner is not None:
            self._inner.on_writing(run, samples)

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        if self._inner is not None:
            self._inner.on_materialised(run, log)
        if not self.done.done():
            self.done.set_result(ScoredLog(run, log))

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        if not self.done.done():
            self.done.set_exception(error)
        return False


async def score_log(
    source: LogSource,
    plan: ScoringPlan,
    path: Path,
    settings: Settings,
    listener: Listener | None = None,
    snapshots: Snapshots | None = None,
    here: bool = False,
) -> ScoredLog:
    """Score a log and write the result.

    Parameters
    ----------
    source
        The log; it stays open. Its header loses the dataset's list of sample ids, which the run's state has by then.
    plan
        What to score it with.
    path
        Where the scored log goes; it may be the log itself.
    settings
        A worker's settings; the broker is replaced by one of this call's own.
    listener
        Hears of progress.
    snapshots
        The files that scorers may read of the samples' sandboxes.
    here
        Scorers run in this process, whatever they are.

    Raises
    ------
    StreamsError
        The log cannot be read or written. What was at ``path`` is still there.
    """
    broker = f"memory://score-{next(_brokers)}"
    outcome = Outcome(listener)
    own = settings.model_copy(update={"broker": broker, "metrics_port": None})
    async with running_worker(own, outcome, lambda _: path) as pipeline:
        if plan.instances is not None:
            pipeline.use(plan.instances)
        if here:
            pipeline.scoring.keep_here()
        pipeline.claims.register(
            "log", partial(_claimed, source, SampleBlock(source)), source.stamp.check, partial(_name, source)
        )
        if snapshots is not None:
            from .sandboxes.printing import STORE  # noqa: PLC0415 (few logs come with files)

            pipeline.claims.register(STORE, snapshots.fetch)
        # Somebody sits and waits, and what a scorer says wrong can be mended on the spot.
        pipeline.scoring.retries = Retries(settings.scoring_attempts, transient_only=True)
        await _publish(source, plan, broker, snapshots)
        stuck = asyncio.ensure_future(_never_balances(pipeline, source))
        ends: list[asyncio.Future[Any]] = [outcome.done, pipeline.failed, stuck]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stuck.cancel()
        if not outcome.done.done():
            (pipeline.failed if pipeline.failed.done() else stuck).result()
        return outcome.done.result()


async def _never_balances(pipeline: Pipeline, source: LogSource) -> None:
    """Raise when all that was published has had its effects, and yet something is missing; else never return.

    Samples are counted by id and epoch. A log that was damaged, or put together by hand, may say a key twice, so that
    its reader and ours take a sample for two different ones; nobody waits for what cannot come.
    """
    before: list[int] = []
    while True:
        await asyncio.sleep(PATIENCE_SECONDS)
        runs = list(pipeline.runs)
        changes = [run.changes for run in runs]
        quiet = changes == before and not pipeline.under_way and await pipeline.caught_up()
        if quiet and runs and not any(run.balances() for run in runs):
            missing = sum((run.expected or 0) - run.received for run in runs)
            raise DamagedLogError(source.path, f"{missing} of its samples have the id and epoch of other ones")
        before = changes


def _claimed(source: LogSource, samples: SampleBlock, key: str) -> bytes:
    if key == "reductions":
        return b"".join(source.reductions() or ())
    return samples.read(int(key))


def _name(source: LogSource, key: str) -> str:
    return source.sample_name(int(key)) if key.isdecimal() else key


async def _publish(source: LogSource, plan: ScoringPlan, broker: str, snapshots: Snapshots | None) -> None:
    events = LogEvents(source, plan, claim_store="log", snapshots=snapshots)
    store = open_store(broker)
    store.append(EVALS.name, [of_eval(events.started())])
    # From here on the run's state has the sample ids; two lists of 100,000 would be a tenth of all memory.
    source.header, _ = take_out(source.header)
    completions = events.completions()
    while records := list(itertools.islice(completions, PUBLISH_RECORDS)):
        store.append(COMPLETIONS.name, records)
        await asyncio.sleep(0)  # let the agents begin
    store.append(EVALS.name, [of_eval(events.completed())])
