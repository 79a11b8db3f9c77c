"""Sends from many tasks go out in few batches, and everybody learns how theirs went."""

import asyncio

import pytest

from evalstream.streams.agents.outbox import Outbox
from evalstream.streams.transport.record import NewRecord


def record(number: int) -> NewRecord:
    return NewRecord(None, str(number).encode())


def test_what_piles_up_during_a_send_goes_out_as_one_batch_in_order():
    async def scenario() -> None:
        batches: list[list[bytes]] = []
        release = asyncio.Event()

        async def send(records):
            batches.append([r.value for r in records])
            await release.wait()

        outbox = Outbox(send)
        first = asyncio.create_task(outbox.send([record(0)]))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = [asyncio.create_task(outbox.send([record(n)])) for n in range(1, 4)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in (first, *others))
        release.set()
        await asyncio.gather(first, *others)
        assert batches == [[b"0"], [b"1", b"2", b"3"]]

    asyncio.run(scenario())


def test_a_failed_send_is_an_error_for_those_who_were_in_it_and_not_for_later_ones():
    async def scenario() -> None:
        broken = True

        async def send(records):
            if broken:
                raise ConnectionError("gone")

        outbox = Outbox(send)
        with pytest.raises(ConnectionError, match="gone"):
            await outbox.send([record(1)])
        broken = False
        await outbox.send([record(2)])

    asyncio.run(scenario())


def test_one_that_is_cancelled_does_not_cancel_the_send_of_the_others():
    async def scenario() -> None:
        sent: list[bytes] = []
        release = asyncio.Event()

        async def send(records):
            await release.wait()
            sent.extend(r.value for r in records)

        outbox = Outbox(send)
        gone, stays = (asyncio.create_task(outbox.send([record(n)])) for n in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        release.set()
        await stays
        assert sent == [b"1", b"2"]

    asyncio.run(scenario())
