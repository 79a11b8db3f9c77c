"""What is under way at once is bounded in samples and in bytes."""

import asyncio
import random

from evalstream.streams.agents.window import Window


def entered(*tasks: asyncio.Task[None]) -> list[bool]:
    return [task.done() for task in tasks]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_samples_beyond_the_number_wait_for_one_to_end():
    async def scenario() -> None:
        window = Window(samples=2, size=1000)
        tasks = [asyncio.create_task(window.acquire(1)) for _ in range(3)]
        await settle()
        assert entered(*tasks) == [True, True, False]
        window.release(1)
        await settle()
        assert entered(*tasks) == [True, True, True]

    asyncio.run(scenario())


def test_samples_beyond_the_bytes_wait_and_nobody_overtakes():
    async def scenario() -> None:
        window = Window(samples=10, size=100)
        first, large, small = (asyncio.create_task(window.acquire(size)) for size in (60, 50, 10))
        await settle()
        assert entered(first, large, small) == [True, False, False]
        window.release(60)
        await settle()
        assert entered(large, small) == [True, True]

    asyncio.run(scenario())


def test_a_sample_larger_than_all_goes_alone():
    async def scenario() -> None:
        window = Window(samples=10, size=100)
        huge, next_one = (asyncio.create_task(window.acquire(size)) for size in (10_000, 1))
        await settle()
        assert entered(huge, next_one) == [True, False]
        window.release(10_000)
        await settle()
        assert entered(next_one) == [True]

    asyncio.run(scenario())


def test_one_that_stops_waiting_leaves_its_place_to_the_next():
    async def scenario() -> None:
        window = Window(samples=1, size=100)
        await window.acquire(1)
        gone, stays = (asyncio.create_task(window.acquire(1)) for _ in range(2))
        await settle()
        gone.cancel()
        await settle()
        window.release(1)
        await settle()
        assert stays.done() and not stays.cancelled()

    asyncio.run(scenario())


def test_the_limits_hold_whatever_comes_and_everybody_gets_in():
    async def scenario() -> None:
        chance = random.Random(5)
        window, under_way, most = Window(samples=4, size=50), [], [0, 0]

        async def sample(size: int) -> None:
            await window.acquire(size)
            under_way.append(size)
            most[0] = max(most[0], len(under_way))
            if len(under_way) > 1:
                most[1] = max(most[1], sum(under_way))
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            under_way.remove(size)
            window.release(size)

        await asyncio.gather(*(sample(chance.randrange(1, 70)) for _ in range(300)))
        assert most[0] <= 4 and 0 < most[1] <= 50

    asyncio.run(scenario())
