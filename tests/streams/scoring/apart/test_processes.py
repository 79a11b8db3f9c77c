"""A scorer that keeps the interpreter's lock, or ends its process, costs its own sample, and nobody else's."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_for

from evalstream.streams.claims import ClaimStores
from evalstream.streams.events import ScoreEmitted
from evalstream.streams.scoring.apart import processes as module
from evalstream.streams.scoring.apart.processes import ScoringProcesses
from evalstream.streams.scoring.apart.setup import Setup
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.retries import Retries
from evalstream.streams.scoring.sheet import Scored
from evalstream.streams.settings import Settings


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(module, "FROZEN_SECONDS", 1.5)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)


def outcomes(processes: ScoringProcesses, *completions: Completion) -> list[Scored]:
    async def scenario() -> list[Scored]:
        return await asyncio.gather(*map(processes.score, completions))

    return asyncio.run(asyncio.wait_for(scenario(), 60))


def problem(scored: Scored) -> str:
    (failure,) = scored.failures
    event = ScoreEmitted.model_validate_json(scored.events[0].to_bytes())
    assert event.error == failure.told()
    return f"{failure.stage} {failure.told().type}: {failure.told().message}"


def answer(scored: Scored) -> str:
    assert scored.failures == []
    score = ScoreEmitted.model_validate_json(scored.events[0].to_bytes()).score
    assert score is not None
    return score.answer or ""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_score_is_made_in_another_process_and_is_the_same(ask, processes):
    made = processes()
    (scored,) = outcomes(made, ask(7))
    assert [int(answer(scored))] == made.pids != [os.getpid()]
    event = ScoreEmitted.model_validate_json(scored.events[0].to_bytes())
    assert (event.eval_id, event.sample_id, event.epoch, event.scorer, event.record) == ("e", 7, 1, "told_to", "0" * 32)


def test_what_a_scorer_raises_is_told_with_its_trace(ask, processes):
    (scored,) = outcomes(processes(), ask(1, "raise no such \ud800 answer"))
    assert problem(scored) == "score LookupError: no such \\ud800 answer"
    assert "made.py" in scored.failures[0].traced()


def test_a_search_that_never_ends_costs_its_own_sample(ask, processes):
    made = processes(timeout=4.0)
    first, hopeless, *others = outcomes(made, ask(1), ask(2, "search"), *(ask(number) for number in range(3, 20)))
    assert problem(hopeless).startswith("timeout TimeoutError: no result after 4 s. Nothing else could run meanwhile")
    assert len({answer(one) for one in (first, *others)}) <= 2
    # A process that was left has ended with the scorer that froze it.
    assert len(made.pids) == 1


def test_others_go_on_while_a_search_has_its_time(ask, processes, tmp_path: Path):
    made = processes(timeout=300.0)

    async def scenario() -> list[Scored]:
        hopeless = asyncio.ensure_future(made.score(ask(1, "search")))
        waiting = asyncio.ensure_future(made.score(ask(2, f"wait {tmp_path / 'go'}")))
        done = [await made.score(ask(number)) for number in range(3, 8)]
        assert not hopeless.done()
        (tmp_path / "go").touch()
        done.append(await waiting)
        assert not hopeless.done()
        assert len(made.pids) == 2
        hopeless.cancel()
        return done

    assert all(answer(one) for one in asyncio.run(asyncio.wait_for(scenario(), 60)))


def test_a_scorer_that_ends_its_process_costs_its_own_sample(ask, processes, tmp_path: Path):
    wait = ask(1, f"wait {tmp_path / 'go'}")
    made = processes()

    async def scenario() -> tuple[Scored, Scored]:
        waiting = asyncio.ensure_future(made.score(wait))
        dead = await made.score(ask(2, "die"))
        (tmp_path / "go").touch()
        return dead, await waiting

    dead, waited = asyncio.run(asyncio.wait_for(scenario(), 60))
    assert problem(dead) == "score EndedError: The scorers' process ended with status -9."
    assert [int(answer(waited))] == made.pids


def test_a_process_that_somebody_ends_is_replaced(ask, processes, tmp_path: Path):
    made = processes()

    async def scenario() -> Scored:
        waiting = asyncio.ensure_future(made.score(ask(1, f"wait {tmp_path / 'go'}")))
        await made.score(ask(2))
        os.kill(made.pids[0], signal.SIGKILL)
        (tmp_path / "go").touch()
        return await waiting

    assert [int(answer(asyncio.run(asyncio.wait_for(scenario(), 60))))] == made.pids


def test_a_freeze_for_which_nobody_is_to_blame_costs_nothing(ask, processes, tmp_path: Path):
    scored, other = outcomes(processes(), ask(1, f"once {tmp_path / 'frozen'}"), ask(2))
    assert answer(scored)
    assert answer(other)


def test_a_child_is_kept_for_the_next_log_and_ends_with_its_worker(ask):
    setup = Setup.here(Settings(), Retries(1), None).pickled()
    first, second = (ScoringProcesses(setup, ClaimStores(), 60.0) for _ in range(2))
    (scored,) = outcomes(first, ask(1))
    first.stop()
    (again,) = outcomes(second, ask(2))
    assert answer(scored) == answer(again)
    second.stop()
    module._end_spare()
    wait_for(lambda: not is_running(int(answer(again))), "the child to end")


def test_files_of_a_sample_are_read_through_the_worker(ask, processes):
    claims = ClaimStores()
    claims.register("blobs", {"k": b"the report"}.__getitem__)
    sandboxes = {"default": {"files": {"report.txt": {"size": 10, "claim": {"store": "blobs", "key": "k"}}}}}
    found, missing = outcomes(
        processes(claims=claims),
        ask(1, "read report.txt", sandboxes=sandboxes),
        ask(2, "read other.txt", sandboxes=sandboxes),
    )
    assert answer(found) == "the report"
    assert problem(missing).startswith("score FileNotFoundError")


WORKER = """
import asyncio, os, sys
from evalstream.scorers.load import load_file
from evalstream.streams.claims import ClaimStores
from evalstream.streams.scoring.apart.processes import ScoringProcesses
from evalstream.streams.scoring.apart.setup import Setup
from evalstream.streams.scoring.retries import Retries
from evalstream.streams.settings import Settings

async def started(made):
    return made._process().pid

load_file(sys.argv[1])
made = ScoringProcesses(Setup.here(Settings(), Retries(1), None).pickled(), ClaimStores(), 60.0)
print(asyncio.run(started(made)), flush=True)
input()
"""


def test_a_child_ends_when_its_worker_is_killed(ask, tmp_path: Path):
    line = [sys.executable, "-c", WORKER, str(tmp_path / "made.py")]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        child = int(worker.stdout.readline())
        worker.kill()
    wait_for(lambda: not is_running(child), "the child to end")
