"""Which child scores what, and what becomes of the samples of a child that is frozen or has died."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading

from ...claims import ClaimStores
from ...errors import EndedError, NotStartedError
from ..completion import Completion
from ..failure import Failure
from ..sheet import Scored, failed
from .process import ScoringProcess

__all__ = ["ScoringProcesses"]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5

FROZEN_SECONDS = 5.0
"""After a silence of this length a child is left to the scorer that freezes it."""

GRACE_SECONDS = 0.5

MOST_LEFT = 4
"""Children that may be frozen at a time, each with a core of its own; then samples wait behind the last one."""

MOST_LOSSES = 3
"""Processes that may die, or freeze, under one sample, by nobody knows whom, before it counts as the reason."""

_FROZEN = "Nothing else could run meanwhile: a regular expression that tries too many ways, most likely."

_lock = threading.Lock()
_spare: dict[bytes, ScoringProcess] = {}
"""The child whose worker has ended, for the next one that wants the same: a command may score many logs."""


@atexit.register
def _end_spare() -> None:
    while _spare:
        _spare.popitem()[1].end()


class _MovedError(Exception):
    """The process is frozen by another scorer, or by nobody knows whom."""


class ScoringProcesses:
    """Scores completions in a child process, and in another one while that is frozen.

    Parameters
    ----------
    setup
        A pickled `Setup`.
    claims
        The worker's stores.
    timeout
        Seconds that a scorer may take for one sample.
    kept
        Whether a child that is at rest in the end may serve whoever wants the same next.
    """

    def __init__(self, setup: bytes, claims: ClaimStores, timeout: float, kept: bool = True) -> None:
        self._setup, self._claims, self._timeout, self._kept = setup, claims, timeout, kept
        self._current: ScoringProcess | None = None
        self._left: set[ScoringProcess] = set()
        self._watching: asyncio.Future[None] | None = None

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that there are."""
        return sorted(one.pid for one in (self._current, *self._left) if one is not None and one.alive)

    async def score(self, completion: Completion) -> Scored:
        """Score a completion with all of its scorers; what is wrong with it is in the result.

        Raises
        ------
        NotStartedError
            There is no such process, and will not be.
        """
        lost = 0
        while True:
            process = self._process()
            number, answer = process.ask(completion)
            try:
                return (await answer).scored()
            except TimeoutError as error:
                return failed(completion, Failure("timeout", error))
            except NotStartedError:
                raise
            except (EndedError, _MovedError) as error:
                lost += process.running == 0
                if process.running == number or lost == MOST_LOSSES:
                    return failed(completion, Failure("score", EndedError(str(error) or _FROZEN)))
            finally:
                process.forget(number)
                if process in self._left and not process.waiting:
                    self._left.discard(process)
                    process.end()

    def _process(self) -> ScoringProcess:
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())
        if self._current is None or not self._current.alive:
            with _lock:
                spare = _spare.pop(self._setup, None)
            self._current = spare if spare is not None and spare.alive else ScoringProcess(self._setup)
            self._current.use(self._claims)
        return self._current

    async def _watch(self) -> None:
        """Look at the processes' pulses, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for process in (self._current, *list(self._left)):
                if process is not None and process.silent >= FROZEN_SECONDS and process.alive:
                    self._frozen(process)

    def _frozen(self, process: ScoringProcess) -> None:
        """Move what a frozen process has to do, but for what froze it; end it when the time of that is over."""
        if self._current is process and len(self._left) < MOST_LEFT:
            self._current = None
            self._left.add(process)
            logger.warning("a scorer keeps its process from all else for %.0f s; others go on", process.silent)
        over = process.silent > self._timeout + GRACE_SECONDS
        if over:
            process.end()
        if over or process in self._left:
            blamed = process.waiting.get(process.running)
            for answer in process.waiting.values():
                if answer is not blamed and not answer.done():
                    answer.set_exception(_MovedError())
            if over and blamed is not None and not blamed.done():
                blamed.set_exception(TimeoutError(f"no result after {self._timeout:g} s. {_FROZEN}"))
        if process in self._left and not process.waiting:
            self._left.discard(process)
            process.end()

    def stop(self) -> None:
        """Let go of the processes; one that is at rest is kept for whoever wants the same next."""
        if self._watching is not None:
            self._watching.cancel()
        ended = list(self._left)
        current, self._current = self._current, None
        self._left.clear()
        if current is not None and (current.spoiled or not self._kept):
            ended.append(current)
        elif current is not None:
            current.use(None)
            with _lock:
                ended.extend(_spare.values())
                _spare.clear()
                _spare[self._setup] = current
        for process in ended:
            process.end()
