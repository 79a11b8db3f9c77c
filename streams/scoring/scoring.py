"""Scoring one completion with each of its scorers; a scorer's failure is an outcome like any other."""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from evalstream.scorers.errors import BudgetError, ModelSetupError, UnknownNameError
from evalstream.scorers.run import run_now
from evalstream.scorers.sandbox.context import in_sandboxes
from evalstream.scorers.score import Score
from evalstream.scorers.state import TaskState
from evalstream.scorers.untrusted import options_of_event

from ..errors import NotStartedError
from .alarm import LONGEST, alarm
from .completion import Completion
from .failure import Failure, Stage, message_of
from .instances import Instances
from .judges import Judges
from .retries import Retries
from .scorer_set import ScorerSet, ScorerSets, Slot
from .scorer_thread import ScorerThread
from .sheet import OpenedSandboxes, Scored, Sheet, failed
from .used import used_by

if TYPE_CHECKING:  # a worker of text scorers never needs it
    from evalstream.scorers.models import UsageLog

    from .apart.processes import ScoringProcesses

__all__ = ["Scoring"]

logger = logging.getLogger(__name__)

QUIET_SECONDS = 10.0


class Scoring:
    """Scores completions; one per worker. Whatever is wrong with one costs that one only: nothing here raises.

    Parameters
    ----------
    timeout
        Seconds that a scorer may take for one sample.
    retries
        Whether scorers that are not built in are tried again.
    judges
        How models are asked.
    sandboxes
        Opens the sandboxes of a completion that came with some.
    apart
        Makes the processes in which users' scorers run; None, or if it gives None, they run here.
    """

    def __init__(
        self,
        timeout: float,
        retries: Retries | None = None,
        judges: Judges | None = None,
        sandboxes: Callable[[Completion], OpenedSandboxes] | None = None,
        apart: Callable[[], ScoringProcesses | None] | None = None,
    ) -> None:
        self.retries, self._judges = retries or Retries(), judges or Judges()
        self._sets = ScorerSets()
        self._timeout = timeout
        self._thread = ScorerThread(timeout)
        self._open_sandboxes = sandboxes
        self._make_processes = apart
        self._processes: ScoringProcesses | None = None
        self._tell_again = 0.0

    @property
    def instances(self) -> Instances | None:
        """What is made already for what events name."""
        return self._sets.instances

    def use(self, instances: Instances) -> None:
        """Take what is made already for what events name."""
        self._sets.instances = instances
        self._judges.use(instances)

    def keep_here(self) -> None:
        """Run all scorers in this process: some are objects that no other one could make."""
        self._make_processes = None

    def scorers(self, completion: Completion) -> ScorerSet | Failure:
        """Find a completion's scorers, or say why it cannot be scored here."""
        try:
            return self._sets.get(completion.scorers)
        except UnknownNameError as error:
            # Whoever reads this looks after a worker, or has published for one.
            error.args = (f"{error} A worker knows what is built in, and what its --scorers bring.",)
            return Failure("score", error)
        except Exception as error:  # noqa: BLE001 (an event may ask for anything; its sample has failed)
            return Failure("score", error)

    def score_now(self, completion: Completion, scorers: ScorerSet) -> Scored:
        """Score with scorers that never wait (`ScorerSet.immediate`); they would say the same again, so: once."""
        try:
            sheet = Sheet(completion, scorers)
            for slot, name in sheet.names:
                start = time.perf_counter()
                try:
                    outcome: Score | Failure | None = self._now(slot, sheet.state)
                except TimeoutError as error:
                    outcome = Failure("timeout", error, scorer=name)
                except Exception as error:  # noqa: BLE001 (a scorer may raise anything; its sample has failed)
                    outcome = Failure("score", error, scorer=name)
                sheet.add(slot, name, outcome, time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 (a sample that nothing can be made of)
            return failed(completion, Failure("score", error))
        return sheet.scored

    async def score(self, completion: Completion, scorers: ScorerSet) -> Scored:
        """Score with any scorers, one after the other; those that may wait run in a process or thread of their own."""
        processes = self._apart(scorers)
        if processes is not None:
            try:
                return await processes.score(completion)
            except NotStartedError as error:
                self._score_here(error)
        sheet = None
        try:
            sheet = Sheet(completion, scorers, self._open_sandboxes)
            sheet.with_scores()
            for slot, name in sheet.names:
                used: list[UsageLog] = []
                outcome, duration = await self._attempts(slot, name, sheet, used)
                if isinstance(outcome, Score):
                    sheet.accept(name, outcome)
                sheet.add(slot, name, outcome, duration, used_by(used))
        except Exception as error:  # noqa: BLE001 (a sample that nothing can be made of)
            return failed(completion, Failure("score", error))
        finally:
            if sheet is not None:
                sheet.close()
        return sheet.scored

    def _apart(self, scorers: ScorerSet) -> ScoringProcesses | None:
        # There is one budget: where there is one, all judges are asked by one process.
        if not (scorers.apart or (scorers.portable and self._judges.have_budget)):
            return None
        if self._processes is None and self._make_processes is not None:
            self._processes = self._make_processes()
            self._make_processes = None
        return self._processes

    def _score_here(self, error: Exception) -> None:
        """Give up the processes: better to score in this one than not at all."""
        if self._processes is not None:
            logger.warning("scorers run in this process, because another one cannot load them: %s", error)
            self._processes.stop()
            self._processes = None

    async def _attempts(
        self, slot: Slot, name: str, sheet: Sheet, used: list[UsageLog]
    ) -> tuple[Score | Failure | None, float]:
        """Try a scorer until it says something, or has failed for good; return the last attempt's seconds, too.

        What each attempt used of models is added to ``used``.
        """
        begun, attempts = time.monotonic(), 0
        while True:
            attempts += 1
            start = time.perf_counter()
            try:
                score = await self._score_one(slot, name, sheet, used)
            except BudgetError as error:
                # No failure: there is nothing to wait for, and nothing wrong with the sample.
                return Score.unscored(reason="budget", explanation=str(error)), time.perf_counter() - start
            except Exception as error:  # noqa: BLE001 (a scorer may raise anything)
                duration = time.perf_counter() - start
                # A scorer that took all of its time would take it again, and a key that is missing stays so. One whose
                # judge did not answer may do better.
                used_up = isinstance(error, TimeoutError) and duration >= 0.9 * self._timeout
                final = used_up or slot.immediate or isinstance(error, ModelSetupError)
                pause = None if final else self.retries.pause(error, attempts, time.monotonic() - begun)
                if pause is None:
                    stage: Stage = "timeout" if isinstance(error, TimeoutError) else "score"
                    return Failure(stage, error, attempts, name), duration
                self._tell(sheet.completion, name, error, pause)
            else:
                return score, time.perf_counter() - start
            await self._thread.pause(pause)
            sheet.begin_again()

    def _tell(self, completion: Completion, name: str, error: Exception, pause: float) -> None:
        """Say that a scorer is tried again; in an outage all samples would say the same, so now and then only."""
        now = time.monotonic()
        if now < self._tell_again:
            return
        self._tell_again = now + QUIET_SECONDS
        logger.warning(
            "%s failed on sample %r of eval %r (%s: %r); next try in %.1f s",
            name, completion.sample_id, completion.eval_id, type(error).__name__, message_of(error)[:200], pause,
        )  # fmt: skip

    async def _score_one(self, slot: Slot, name: str, sheet: Sheet, used: list[UsageLog]) -> Score | None:
        state = sheet.state
        if slot.immediate:
            return self._now(slot, state)

        async def call() -> Score | None:
            with (
                options_of_event({} if slot.at_hand else slot.spec.options),
                self._judges.for_scorer(sheet.completion, name) as log,
                in_sandboxes(sheet.sandboxes),
            ):
                used.append(log)
                scoring = slot.scorer(state, state.target)
                if not inspect.isawaitable(scoring):
                    raise TypeError(
                        f"the scorer {slot.name!r} does not wait for anything: write `async def score(...)`"
                    )
                return await scoring

        score = await self._thread.run(call)
        if score is not None and not isinstance(score, Score):
            raise TypeError(f"the scorer {slot.name!r} returned {type(score).__name__}, not a Score")
        if name in (state.scores or {}):
            raise RuntimeError(f"Scorer {slot.name} has modified state.scores")
        return score

    def _now(self, slot: Slot, state: TaskState) -> Score | None:
        with alarm(min(self._timeout, LONGEST)) if slot.alarmed else nullcontext():
            return run_now(slot.scorer(state, state.target))

    def stop(self) -> None:
        """End the scorers' threads and processes."""
        self._thread.stop()
        if self._processes is not None:
            self._processes.stop()
        self._judges.close()
