import asyncio

import pytest

from evalstream.scorers import Score, SuspendedError, TaskState, includes, match, never_suspends, run_now, scorer


@scorer(metrics=[])
def users_own():
    async def score(state, target):
        return Score(value=1)

    return score


def test_a_coroutine_that_never_waits_runs_without_a_loop():
    state = TaskState(output="x", target="x")
    assert run_now(match()(state, state.target)).value == "C"


def test_one_that_waits_is_refused_and_closed():
    closed = []

    async def waits():
        try:
            await asyncio.sleep(0)
        finally:
            closed.append(True)

    with pytest.raises(SuspendedError, match="needs an event loop"):
        run_now(waits())
    assert closed == [True]


def test_what_the_coroutine_raises_comes_through():
    async def fails():
        raise KeyError("x")

    with pytest.raises(KeyError):
        run_now(fails())


def test_only_a_coroutine_can_be_driven():
    with pytest.raises(TypeError, match="not int"):
        run_now(3)


def test_built_ins_never_wait_and_users_scorers_may():
    assert never_suspends(includes())
    assert not never_suspends(users_own())
    with pytest.raises(TypeError, match="decorator"):
        never_suspends(lambda: None)
