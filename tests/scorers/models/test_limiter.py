from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_server import Reply, openai_answer

from evalstream.scorers import GenerateConfig, get_model
from evalstream.scorers.models.limiter import Limiter


def test_no_more_calls_are_under_way_than_the_limit_allows(server):
    server.always = lambda _: Reply(openai_answer("GRADE: C"), delay=0.02)
    model = get_model("vllm/judge", base_url=f"{server.url}/v1", config=GenerateConfig(max_connections=5))

    async def many():
        await asyncio.gather(*(model.generate("?") for _ in range(30)))

    asyncio.run(many())
    assert server.most_under_way == 5 and len(server.asked) == 30


def test_a_storm_of_refusals_loses_no_call(server):
    """A service that takes 4 calls at once, and refuses the others."""

    def answer(_):
        if server.under_way >= 4:
            return Reply(b"too many", 429, {"retry-after": "0.02"})
        return Reply(openai_answer("GRADE: C"), delay=0.01)

    server.always = answer
    model = get_model("vllm/judge", base_url=f"{server.url}/v1", config=GenerateConfig(max_connections=64))

    async def many():
        return await asyncio.gather(*(model.generate("?") for _ in range(100)))

    outputs = asyncio.run(many())
    assert [output.completion for output in outputs] == ["GRADE: C"] * 100
    # Had the limit not narrowed, each round would have been refused but for four of it.
    assert len(server.asked) < 300


def test_calls_that_were_refused_together_narrow_the_limit_once():
    limiter, began = Limiter(64, 64), time.monotonic()
    for _ in range(60):
        limiter.narrow(began)
    assert limiter.limit == 32
    limiter.narrow(time.monotonic())
    assert limiter.limit == 16


def test_the_limit_doubles_with_each_round_until_the_first_refusal_and_then_grows_by_one():
    limiter = Limiter(20, 100)
    for _ in range(20):
        limiter.widen()
    assert limiter.limit == 40
    limiter.narrow(time.monotonic())
    assert limiter.limit == 20
    for _ in range(21):
        limiter.widen()
    assert limiter.limit == 21


def test_nobody_begins_a_call_while_the_service_asks_to_wait():
    async def begin():
        limiter = Limiter(2, 2)
        limiter.narrow(time.monotonic(), retry_after=0.1)
        asked = time.monotonic()
        async with limiter.slot() as began:
            return began - asked

    assert asyncio.run(begin()) >= 0.1


@given(st.lists(st.sampled_from(["widen", "narrow"]), max_size=200))
def test_the_limit_stays_between_one_and_the_most(steps):
    limiter = Limiter(20, 100)
    for step in steps:
        limiter.widen() if step == "widen" else limiter.narrow(time.monotonic())
        assert 1 <= limiter.limit <= 100


@given(st.lists(st.sampled_from(["end", "cancel", "fail", "narrow", "widen"]), min_size=1, max_size=40))
def test_whatever_ends_a_call_the_next_one_gets_its_place(ends):
    async def run():
        limiter, under_way, most = Limiter(3, 3), 0, 0

        async def call(end):
            nonlocal under_way, most
            async with limiter.slot() as began:
                under_way += 1
                most = max(most, under_way)
                try:
                    await asyncio.sleep(0)
                    if end == "narrow":
                        limiter.narrow(began)
                    if end == "fail":
                        raise ValueError
                finally:
                    under_way -= 1
            if end == "widen":
                limiter.widen()

        tasks = [asyncio.create_task(call(end)) for end in ends]
        await asyncio.sleep(0)
        for task, end in zip(tasks, ends, strict=True):
            if end == "cancel":
                task.cancel()
        _, pending = await asyncio.wait(tasks, timeout=5)
        assert not pending and most <= 3
        async with limiter.slot():
            pass
        assert limiter._under_way == 0

    asyncio.run(run())


def test_one_who_gives_up_waiting_leaves_the_queue_to_the_others():
    async def run():
        limiter = Limiter(1, 1)
        async with limiter.slot():
            waiting = asyncio.create_task(limiter._enter())
            after = asyncio.create_task(limiter._enter())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        await asyncio.wait_for(after, 5)

    asyncio.run(run())
