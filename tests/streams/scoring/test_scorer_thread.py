"""A scorer that hangs, blocks, raises or cancels costs its own sample, and nobody else's."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from evalstream.streams.scoring import scorer_thread as module
from evalstream.streams.scoring.scorer_thread import ScorerThread

TIMEOUT = 0.2
THREAD = "evalstream-scorers"


@pytest.fixture
def scorers(caplog: pytest.LogCaptureFixture) -> Iterator[ScorerThread]:
    """A scorer thread that is gone after the test, and about which nobody complained."""
    caplog.set_level(logging.WARNING)
    made = ScorerThread(TIMEOUT)
    yield made
    made.stop()
    join_threads()
    assert not caplog.records


def scorer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


def join_threads() -> None:
    for thread in scorer_threads():
        thread.join(10)
    assert scorer_threads() == []


def outcomes(scorers: ScorerThread, *makers: Callable[[], Awaitable[Any]]) -> list[Any]:
    async def scenario() -> list[Any]:
        return await asyncio.wait_for(asyncio.gather(*map(scorers.run, makers), return_exceptions=True), 20)

    return asyncio.run(scenario())


async def good() -> str:
    await asyncio.sleep(0.01)
    return threading.current_thread().name


async def raising() -> None:
    raise LookupError("no such answer")


async def hanging() -> None:
    await asyncio.Event().wait()


async def blocking() -> None:
    time.sleep(1.5)


async def blocking_in_a_task_of_its_own() -> None:
    await asyncio.gather(good(), blocking())


async def exiting() -> None:
    raise SystemExit(1)


async def cancelling_itself() -> None:
    raise asyncio.CancelledError


async def stubborn() -> None:
    while True:
        try:
            await asyncio.sleep(0.05)
            if scorer_is_over.is_set():
                return
        except asyncio.CancelledError:
            pass


scorer_is_over = threading.Event()


def test_scorers_run_on_a_thread_of_their_own(scorers: ScorerThread):
    assert outcomes(scorers, good, good) == [THREAD, THREAD]
    assert len(scorer_threads()) == 1


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (raising, LookupError, "no such answer"),
        (hanging, TimeoutError, "no result after 0.2 s"),
        (blocking, TimeoutError, "does not yield"),
        (blocking_in_a_task_of_its_own, TimeoutError, "does not yield"),
        (exiting, RuntimeError, "SystemExit"),
        (cancelling_itself, RuntimeError, "cancelled itself"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bad_scorer_costs_its_own_sample(scorers: ScorerThread, bad: Any, error: type[Exception], message: str):
    first, failure, last = outcomes(scorers, good, bad, good)
    assert (first, last) == (THREAD, THREAD)
    assert isinstance(failure, error)
    assert message in str(failure)
    assert outcomes(scorers, good) == [THREAD]


def test_a_scorer_that_catches_its_cancellation_is_given_up(scorers: ScorerThread):
    scorer_is_over.clear()
    try:
        first, failure = outcomes(scorers, good, stubborn)
        assert first == THREAD
        assert isinstance(failure, TimeoutError)
    finally:
        scorer_is_over.set()


def test_victims_of_a_blocking_scorer_are_started_again_on_a_new_thread(scorers: ScorerThread):
    starts: list[int] = []

    async def victim() -> int:
        starts.append(threading.get_ident())
        await asyncio.sleep(0.1)
        return threading.get_ident()

    started, failure = outcomes(scorers, victim, blocking)
    assert isinstance(failure, TimeoutError)
    assert len(starts) == 2
    assert started == starts[1] != starts[0]


def test_several_blocking_scorers_fail_one_after_the_other(scorers: ScorerThread):
    *failures, ok = outcomes(scorers, blocking, blocking, good)
    assert [type(failure) for failure in failures] == [TimeoutError] * 2
    assert ok == THREAD


@pytest.fixture
def patient(monkeypatch) -> Iterator[ScorerThread]:
    """One whose scorers may take long, and which loses patience with those that block soon."""
    monkeypatch.setattr(module, "LEFT_ALONE_SECONDS", 0.05)
    made = ScorerThread(60.0)
    yield made
    made.stop()
    join_threads()


def test_while_a_scorer_blocks_those_that_come_later_go_on_and_it_keeps_its_time(patient: ScorerThread):
    others_are_done = threading.Event()

    async def blocked() -> bool:
        return others_are_done.wait(20)

    async def scenario() -> tuple[list[str], bool]:
        first = asyncio.ensure_future(patient.run(blocked))
        while patient._current is not None or not patient._left:
            await asyncio.sleep(0.01)
        names = await asyncio.gather(*(patient.run(good) for _ in range(20)))
        others_are_done.set()
        return names, await first

    names, kept = asyncio.run(asyncio.wait_for(scenario(), 30))
    assert names == [THREAD] * 20
    assert kept


def test_many_that_block_run_side_by_side(patient: ScorerThread):
    together = threading.Barrier(5)

    async def blocked() -> int:
        return together.wait(20)

    assert sorted(outcomes(patient, *[blocked] * 5)) == [0, 1, 2, 3, 4]


def test_those_that_wait_behind_one_that_blocks_for_long_begin_again(patient: ScorerThread, monkeypatch):
    monkeypatch.setattr(module, "RESTART_SECONDS", 0.2)
    others_are_done = threading.Event()
    begun: list[int] = []

    async def waiting() -> int:
        begun.append(threading.get_ident())
        await asyncio.sleep(0)
        return threading.get_ident()

    async def blocked() -> bool:
        return others_are_done.wait(20)

    async def scenario() -> tuple[int, bool]:
        first, second = (asyncio.ensure_future(patient.run(make)) for make in (waiting, blocked))
        there = await first
        others_are_done.set()
        return there, await second

    there, kept = asyncio.run(asyncio.wait_for(scenario(), 30))
    assert (kept, begun[-1]) == (True, there)


def test_a_cancelled_call_is_cancelled_on_its_thread(scorers: ScorerThread):
    begun, cancelled = threading.Event(), threading.Event()

    async def waiting() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async def scenario() -> None:
        call = asyncio.ensure_future(scorers.run(waiting))
        assert await asyncio.to_thread(begun.wait, 10)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(cancelled.wait, 10)

    asyncio.run(scenario())


def test_stop_cancels_what_runs_and_leaves_no_thread():
    thread, begun = ScorerThread(60.0), threading.Event()

    async def waiting() -> None:
        begun.set()
        await asyncio.Event().wait()

    async def scenario() -> None:
        call = asyncio.ensure_future(thread.run(waiting))
        assert await asyncio.to_thread(begun.wait, 10)
        thread.stop()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(call, 10)

    asyncio.run(scenario())
    join_threads()
    thread.stop()


def test_a_thread_that_was_never_used_is_never_started():
    ScorerThread(1.0).stop()
    assert scorer_threads() == []
