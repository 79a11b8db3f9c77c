"""``evalstream worker``: the agents, on a broker that others publish to."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from evalstream.scorers.load import load_source
from evalstream.scorers.registry import Entry

from ..errors import StreamsError
from ..events import LogMaterialised
from ..pipeline import Pipeline
from ..settings import Settings
from ..settings.info import INFO
from ..settings.masking import masked, masked_url
from ..tally.run_state import RunState
from ..worker import running_worker, until_idle
from .guard import guarded
from .judge_models import check_models
from .process import no_alarm_at_first, only_our_words, share_freed_memory
from .settings_options import SettingsCommand, loaded_settings, setting_options

__all__ = ["command"]

logger = logging.getLogger("evalstream.worker")


class _Journal:
    """A listener that writes to the worker's log."""

    def on_progress(self, run: RunState) -> None:
        logger.debug("eval %s run %s: %d of %s samples", run.eval_id, run.run_id, run.received, run.expected)

    def on_writing(self, run: RunState, samples: int) -> None:
        """Say nothing: writing is quick."""

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        failed = f", {run.failed} failed" if run.failed else ""
        logger.info("eval %s run %s: %d samples%s, log %s", run.eval_id, run.run_id, run.received, failed, log.location)

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        """Keep trying: a full disk may be emptied."""
        return True


@click.command(name="worker", cls=SettingsCommand, short_help="Run the agents.")
@setting_options(*INFO)
@click.option(
    "--scorers", "sources", metavar="SOURCE", multiple=True,
    help="Scorers, metrics and reducers that evals may name: a Python file, an installed package, or package/NAME"
    " where a built-in scorer has that NAME, too; repeatable.",
)  # fmt: skip
@click.option(
    "--exit-when-idle", type=click.FloatRange(min=0), metavar="SECONDS",
    help="End when every known eval has its log and nothing came for that long.",
)  # fmt: skip
@guarded
def command(sources: Sequence[str], exit_when_idle: float | None) -> int:
    """Score what is published to a broker, and write each eval's log when it is complete.

    Scorers come from evalstream and from --scorers: an event can name a scorer, never bring one. Ctrl-C ends the
    worker; the next one goes on where it stopped.
    """
    share_freed_memory()
    settings = loaded_settings().settings
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logger.setLevel(logging.INFO)
    only_our_words("aiokafka.producer.sender")
    no_alarm_at_first()
    entries = list[Entry]()
    for source in sources:
        entries += (loaded := load_source(source))
        names = ", ".join(f"{entry.kind.replace('_', ' ')} {entry.name}" for entry in loaded)
        logger.info("loaded %s from %s", names or "nothing", source)
    check_models(settings, entries)
    asyncio.run(_run(settings, exit_when_idle))
    return 0


async def _run(settings: Settings, exit_when_idle: float | None) -> None:
    if isinstance(settings.log_dir, Path):
        settings.log_dir.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    with _told_to_stop(stop) as started:
        await _work(settings, exit_when_idle, stop, started)


@contextlib.contextmanager
def _told_to_stop(stop: asyncio.Event) -> Iterator[Callable[[], None]]:
    """Have signals set the event, and give up what runs until the function that this yields was called.

    A worker that starts may wait for its broker, or recover, for long: nobody looks at the event meanwhile.
    """
    loop, task, starting = asyncio.get_running_loop(), asyncio.current_task(), True

    def started() -> None:
        nonlocal starting
        starting = False

    def end() -> None:
        if starting and not stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        yield started
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        logger.info("worker stops; it had not been ready")


async def _work(
    settings: Settings, exit_when_idle: float | None, stop: asyncio.Event, started: Callable[[], None]
) -> None:
    async with running_worker(settings, _Journal()) as pipeline:
        started()
        logger.info("worker is ready on %s, logs go to %s", masked_url(settings.broker), masked(settings.log_dir))
        waits = [asyncio.create_task(stop.wait()), asyncio.create_task(_ends(pipeline, exit_when_idle))]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()
        logger.info("worker stops")


async def _ends(pipeline: Pipeline, exit_when_idle: float | None) -> None:
    if exit_when_idle is None:
        await pipeline.failed
    else:
        await until_idle(pipeline, exit_when_idle)
