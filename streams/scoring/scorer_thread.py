"""Where users' scorers run: an event loop in a thread of its own, which is left when a scorer blocks it.

A scorer that awaits too long is cancelled. One that does not come back to its loop (a ``time.sleep``, a long
computation, an endless loop) cannot be. After a second such a thread is left to it, and samples that come, or have not
begun, go to another one; after some more the calls that wait behind it are started again there. The scorer itself keeps
its whole time; when that is over its sample has failed.

What holds the interpreter's lock for minutes (a regular expression that backtracks, in C) stops all threads of a
process, so it cannot be helped here; see `apart`, and `alarm` for our own.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

__all__ = ["ScorerThread", "note_steps"]

Result = TypeVar("Result")

GRACE_SECONDS = 0.5

LEFT_ALONE_SECONDS = 1.0
"""After a step of this length new calls go to another thread."""

RESTART_SECONDS = 10.0
"""After a step of this length calls that wait behind it begin again on another thread. Some have asked a judge."""

MOST_LOOPS = 32
"""Threads that may be blocked at a time; then calls wait behind the last one."""


_current_call: contextvars.ContextVar[object] = contextvars.ContextVar("evalstream_call")
"""The call that the code of a scorer belongs to, in tasks of its own making, too."""


_noted_by: Callable[[bool], None] | None = None


def note_steps(note: Callable[[bool], None]) -> None:
    """Have every step of a scorer of this process noted: called with True before it, and with False after it."""
    global _noted_by  # noqa: PLW0603 (a process that scores for another one is told once)
    _noted_by = note


def _note(begins: bool) -> None:
    if _noted_by is not None:
        _noted_by(begins)


class _AbandonedError(Exception):
    """The thread that ran this call was given up because another call blocked it."""


class _Loop:
    """One thread with one event loop, and which call is executing on it at this moment."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_task_factory(self._task)
        self.stopping = False
        self.running: tuple[object, float] | None = None
        self.waiting: dict[object, asyncio.Future[Any]] = {}
        self.begun: set[object] = set()
        self._thread = threading.Thread(target=self._run, name="evalstream-scorers", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            if tasks:
                self.loop.run_until_complete(asyncio.wait(tasks, timeout=GRACE_SECONDS))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def _task(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        """Make a task; one that a scorer makes is watched like the scorer."""
        call = _current_call.get(None)
        watched = coroutine if call is None else _watched(coroutine, self, call)
        return asyncio.Task(watched, loop=loop, **options)

    def stop(self) -> None:
        self.stopping = True
        self.loop.call_soon_threadsafe(self.loop.stop)


class _Watched(Awaitable[Result]):
    """A coroutine whose every step is noted on its loop: a step that never ends can be told from its victims."""

    def __init__(self, coroutine: Coroutine[Any, Any, Result], on: _Loop, call: object) -> None:
        self._coroutine, self._on, self._call = coroutine, on, call

    def __await__(self) -> Generator[Any, Any, Result]:
        step: Callable[[Any], Any] = self._coroutine.send
        argument: Any = None
        if self._call not in self._on.waiting:  # begun again elsewhere, while this thread was blocked
            self._coroutine.close()
            raise asyncio.CancelledError
        self._on.begun.add(self._call)
        while True:
            self._on.running = (self._call, time.monotonic())
            _note(True)
            try:
                yielded = step(argument)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            except GeneratorExit as error:
                if isinstance(argument, GeneratorExit):
                    raise  # it is we who close the coroutine
                raise RuntimeError("the scorer raised GeneratorExit") from error
            except (SystemExit, KeyboardInterrupt) as error:
                # These two would end the thread, and with it everybody's scorers.
                raise RuntimeError(f"the scorer raised {type(error).__name__}") from error
            finally:
                self._on.running = None
                _note(False)
            try:
                argument, step = (yield yielded), self._coroutine.send
            except BaseException as error:  # noqa: BLE001 (handed to the coroutine, whatever it is)
                argument, step = error, self._coroutine.throw


class ScorerThread:
    """Runs scorers with a time limit each.

    Parameters
    ----------
    timeout
        Seconds that one call may take.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._current: _Loop | None = None
        self._left: set[_Loop] = set()

    async def run(self, make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Run a scorer to its end.

        Parameters
        ----------
        make
            Makes the coroutine; called again if the thread was lost to somebody else's scorer.

        Raises
        ------
        TimeoutError
            The scorer took longer than the limit.
        BaseException
            Whatever the scorer raised.
        """
        while True:
            try:
                return await self._run_once(make)
            except _AbandonedError:
                continue

    async def _run_once(self, make: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        if self._current is None:
            self._current = _Loop()
        on, call = self._current, object()
        outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        # Who was cancelled looks at no outcome any more, and asyncio would complain of an error in it.
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        begun: list[float] = []

        async def limited() -> Result:
            begun.append(time.monotonic())
            return await asyncio.wait_for(_watched(make(), on, call), self._timeout)

        def finished(inner: concurrent.futures.Future[Result]) -> None:
            with contextlib.suppress(RuntimeError):  # our own loop may be closed by now
                outcome.get_loop().call_soon_threadsafe(_settle, outcome, inner, on.stopping)

        on.waiting[call] = outcome
        running = asyncio.run_coroutine_threadsafe(limited(), on.loop)
        running.add_done_callback(finished)
        try:
            while not outcome.done():
                await asyncio.wait({outcome}, timeout=min(self._timeout, LEFT_ALONE_SECONDS))
                self._leave_if_blocked(on)
                self._give_up_if_blocked(on)
                if begun and not outcome.done():
                    self._give_up_if_uncancellable(on, call, begun[0], outcome)
            return outcome.result()
        except asyncio.TimeoutError as error:  # until Python 3.10 not the same class as TimeoutError
            raise TimeoutError(str(error) or f"no result after {self._timeout:g} s") from error
        finally:
            del on.waiting[call]
            on.begun.discard(call)
            if on in self._left and not on.waiting:
                self._left.discard(on)
                on.stop()
            with contextlib.suppress(RuntimeError):  # it may have closed by now; then its tasks have ended, too
                on.loop.call_soon_threadsafe(running.cancel)

    async def pause(self, seconds: float) -> None:
        """Return after so many seconds; scorers go on meanwhile."""
        await asyncio.sleep(seconds)

    def _leave_if_blocked(self, on: _Loop) -> None:
        """Leave a loop to a step that takes long, with those that have not begun; later with those that have, too."""
        running = on.running
        seconds = 0.0 if running is None else time.monotonic() - running[1]
        if seconds >= LEFT_ALONE_SECONDS and self._current is on and len(self._left) < MOST_LOOPS:
            self._current = None
            self._left.add(on)
        if running is not None and seconds >= LEFT_ALONE_SECONDS and on in self._left:
            for call, outcome in on.waiting.items():
                stays = call is running[0] or (call in on.begun and seconds < RESTART_SECONDS)
                if not stays and not outcome.done():
                    outcome.set_exception(_AbandonedError())

    def _give_up_if_blocked(self, on: _Loop) -> None:
        """Abandon the loop if one step on it has lasted longer than a whole call may."""
        running = on.running
        if running is None or time.monotonic() - running[1] < self._timeout + GRACE_SECONDS:
            return
        if self._current is on:
            self._current = None
        self._left.discard(on)
        on.stop()
        for call, outcome in on.waiting.items():
            if not outcome.done():
                blocked = call is running[0]
                message = f"no result after {self._timeout:g} s, and it does not yield to others"
                outcome.set_exception(TimeoutError(message) if blocked else _AbandonedError())

    def _give_up_if_uncancellable(self, on: _Loop, call: object, begun: float, outcome: asyncio.Future[Result]) -> None:
        """End the wait for a scorer that catches its cancellation and goes on."""
        others_turn = on.running is not None and on.running[0] is not call
        if not others_turn and time.monotonic() - begun > self._timeout + GRACE_SECONDS:
            outcome.set_exception(TimeoutError(f"no result after {self._timeout:g} s, and it cannot be cancelled"))

    def stop(self) -> None:
        """Cancel what still runs, and let the thread end; a scorer that blocks it is left behind."""
        for loop in (self._current, *self._left):
            if loop is not None:
                loop.stop()
        self._current = None
        self._left.clear()


async def _watched(coroutine: Coroutine[Any, Any, Result], on: _Loop, call: object) -> Result:
    _current_call.set(call)
    return await _Watched(coroutine, on, call)


def _settle(outcome: asyncio.Future[Result], inner: concurrent.futures.Future[Result], stopping: bool) -> None:
    if outcome.done():
        return
    if inner.cancelled():
        if stopping:
            outcome.cancel()
        else:  # taken for our own cancellation, it would leave a batch unfinished for ever
            outcome.set_exception(RuntimeError("the scorer cancelled itself"))
        return
    error = inner.exception()
    if error is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(inner.result())
