"""What the agents of one worker share: settings, claim stores, scorers, the runs' states, and who listens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .claims import ClaimStores
from .errors import StreamsError
from .events import LogMaterialised, ScoreEmitted
from .materialise.log_place import log_place
from .materialise.names import log_name
from .monitoring.recorder import NoRecorder, Recorder
from .scoring.instances import Instances
from .scoring.judges import Judges
from .scoring.retries import Retries
from .scoring.scoring import Scoring
from .settings import Settings
from .tally.run_state import RunState
from .tally.runs import Runs
from .topics import SCORES
from .transport.reader import TopicReader

if TYPE_CHECKING:
    from .sandboxes.opening import OpenSandboxes
    from .scoring.apart.processes import ScoringProcesses
    from .scoring.completion import Completion

__all__ = ["Listener", "Pipeline"]


async def _never() -> bool:
    return False


def _placing(partitions: int) -> Callable[[str], int]:
    """Return what tells in which partition an eval's events are."""
    if partitions == 1:
        return lambda eval_id: 0
    from .transport.kafka.partitions import partition_of  # noqa: PLC0415 (imports Kafka's client)

    return lambda eval_id: partition_of(eval_id.encode(), partitions)


class Listener(Protocol):
    """Hears of a run's progress, on the event loop; must not take long."""

    def on_progress(self, run: RunState) -> None:
        """Hear that scores came in."""

    def on_writing(self, run: RunState, samples: int) -> None:
        """Hear how many samples of the log are written; called in the thread that writes."""

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        """Hear that a log was written."""

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        """Hear that a log could not be written, and tell whether to try again later."""


class Pipeline:
    """State and services of one worker.

    Parameters
    ----------
    settings
        The worker's settings.
    partitions
        How many each topic has.
    new_reader
        Gives random access to the topics; each thread takes one of its own.
    listener
        Hears of progress, if anybody wants to.
    destination
        Where a run's log goes; by default a name made of the eval's data in ``settings.log_dir``.

    Attributes
    ----------
    caught_up
        Tells whether all that is on the topics has been handed to the agents.
    under_way
        Batches of completions that are being scored.
    recorder
        Hears of the agents' work; by default nobody does.
    scored_before
        Offsets of completions that need no scoring: all of their scores are on ``scores`` already.
    """

    def __init__(
        self,
        settings: Settings,
        partitions: int,
        new_reader: Callable[[], TopicReader],
        listener: Listener | None = None,
        destination: Callable[[RunState], Path] | None = None,
    ) -> None:
        self.settings, self.partitions, self.listener = settings, partitions, listener
        self.new_reader = new_reader
        self.claims = ClaimStores()
        self._reader: TopicReader | None = None
        retries = Retries(settings.scoring_attempts, settings.scorer_patience)
        self.scoring = Scoring(settings.scorer_timeout, retries, Judges(settings), self._sandboxes, self._apart)
        self.runs = Runs(self.load_score, _placing(partitions))
        self._logs = log_place(settings.log_dir) if destination is None else None
        self.destination = destination or self._default_destination
        self.recorder: Recorder = NoRecorder()
        self.caught_up: Callable[[], Awaitable[bool]] = _never
        self.scored_before: Container[int] = ()
        self.under_way = 0
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_activity = asyncio.get_running_loop().time()

    def use(self, instances: Instances) -> None:
        """Score with what is made already, where the events name it; before anything comes in."""
        self.scoring.use(instances)
        self.runs.instances = instances

    def _sandboxes(self, completion: Completion) -> OpenSandboxes:
        """Open the sandboxes of a completion that came with some."""
        # Not at the top: few samples come with files.
        from evalstream.scorers.sandbox.runner import Runner  # noqa: PLC0415

        from .sandboxes.opening import OpenSandboxes  # noqa: PLC0415

        runner = Runner(self.settings.sandbox, self.settings.sandbox_image)
        return OpenSandboxes(completion.sandboxes, completion.eval_id, self.claims, runner)

    def _apart(self) -> ScoringProcesses | None:
        """Make the processes of users' scorers, if what they are can be told to another process."""
        # Not at the top: many workers never need one.
        from .scoring.apart.processes import ScoringProcesses  # noqa: PLC0415
        from .scoring.apart.setup import Setup  # noqa: PLC0415

        settings = self.settings
        setup = Setup.here(settings, self.scoring.retries, self.scoring.instances).pickled()
        if setup is None:
            return None
        # A budget ends with its worker.
        return ScoringProcesses(setup, self.claims, settings.scorer_timeout, kept=settings.judge_budget is None)

    def load_score(self, partition: int, offset: int) -> ScoreEmitted:
        """Read an event of ``scores`` again."""
        if self._reader is None:
            self._reader = self.new_reader()
        record = self._reader.read(SCORES.name, partition, offset)
        return ScoreEmitted.model_validate_json(record.value or b"")

    def close(self) -> None:
        """Let go of scorers' threads and of the broker."""
        self.scoring.stop()
        if self._logs is not None:
            self._logs.close()
        if self._reader is not None:
            self._reader.close()

    def _default_destination(self, run: RunState) -> Path:
        name = log_name(run)
        return Path(name) if self._logs is None else self._logs.path_of(name)

    def deliver(self, path: Path) -> str:
        """Bring a log that was written at its destination to where it is wanted; return its location.

        Raises
        ------
        LogWriteError
            That failed.
        """
        return str(path) if self._logs is None else self._logs.deliver(path)

    def touch(self) -> None:
        """Note that something came in."""
        self.last_activity = asyncio.get_running_loop().time()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a batch that is being scored, so that nobody takes a long wait for a judge for idleness."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self.touch()

    def fail(self, error: BaseException) -> None:
        """End the worker: an agent met an error that it cannot deal with. Nothing is acknowledged any more."""
        if not self.failed.done():
            self.failed.set_exception(error)
