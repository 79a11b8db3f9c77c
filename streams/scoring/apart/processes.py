"""Which child scores what, and what becomes of the samples of a child that is frozen or has died."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading

from ...claims import ClaimStores
from ..completion import Completion
from ..failure import Failure
from ..sheet import Scored, failed
from .errors import EndedError, NotStartedError
from .messages import Told
from .process import Asked, ScoringProcess

__all__ = ["FROZEN_SECONDS", "ScoringProcesses"]

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
            asked = process.ask(completion)
            try:
                return (await self._answer(process, asked)).scored()
            except TimeoutError as error:
                return failed(completion, Failure("timeout", error))
            except NotStartedError:
                raise
            except (EndedError, _MovedError) as error:
                lost += process.running == 0
                if process.running == asked.number or lost == MOST_LOSSES:
                    return failed(completion, Failure("score", EndedError(str(error) or _FROZEN)))
            finally:
                process.forget(asked)
                self._let_go(process)

    def _process(self) -> ScoringProcess:
        if self._current is None or not self._current.alive:
            with _lock:
                spare = _spare.pop(self._setup, None)
            self._current = spare if spare is not None and spare.alive else ScoringProcess(self._setup)
            self._current.claims = self._claims
        return self._current

    async def _answer(self, process: ScoringProcess, asked: Asked) -> Told:
        answer = asyncio.wrap_future(asked)
        while True:
            await asyncio.wait({answer}, timeout=LOOK_SECONDS)
            if answer.done():
                return answer.result()
            silent = process.silent
            if silent < FROZEN_SECONDS:
                continue
            if self._current is process and len(self._left) < MOST_LEFT:
                self._current = None
                self._left.add(process)
                logger.warning(
                    "a scorer has kept its process from all else for %.0f s; others go on without it", silent
                )
            if process in self._left and process.running != asked.number:
                raise _MovedError
            if silent > self._timeout + GRACE_SECONDS:
                process.end()
                if process.running != asked.number:
                    raise _MovedError
                raise TimeoutError(f"no result after {self._timeout:g} s. {_FROZEN}")

    def _let_go(self, process: ScoringProcess) -> None:
        if process in self._left and not process.waiting:
            self._left.discard(process)
            process.end()

    def stop(self) -> None:
        """Let go of the processes; one that is at rest is kept for whoever wants the same next."""
        ended = list(self._left)
        current, self._current = self._current, None
        self._left.clear()
        if current is not None and (current.spoiled or not self._kept):
            ended.append(current)
        elif current is not None:
            current.claims = ClaimStores()
            with _lock:
                ended.extend(_spare.values())
                _spare.clear()
                _spare[self._setup] = current
        for process in ended:
            process.end()
