"""An eval that does not end: after its deadline there is a log that says what is missing, and it is mended later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evalstream.streams.events import EvalCompleted
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings
from evalstream.streams.tally.deadlines import Deadlines
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.worker import running_worker

DEADLINE = 0.6


class Eval:
    """An eval whose events a test publishes piece by piece, and the worker that scores it."""

    def __init__(self, log: Path, folder: Path) -> None:
        self.folder, self.log_dir = folder / "broker", folder / "logs"
        self.log_dir.mkdir()
        with open_log(log) as source:
            events = LogEvents(source, plan_scoring(source.header, Wishes(action="overwrite")))
            self.key = events.eval_id.encode()
            self.start = NewRecord(self.key + b"/s", events.started().to_bytes())
            self.samples = list(events.completions())
            self.completed = events.completed()
        self.end = NewRecord(self.key + b"/c", self.completed.to_bytes())

    def append(self, topic: str, records: Sequence[NewRecord]) -> None:
        store = SqliteStore(self.folder)
        store.append(topic, records)
        store.close()

    def work(self, until: Callable[[RunState], Any]) -> None:
        """Run a worker until something holds of the run."""
        given = Settings(broker=f"embedded://{self.folder}", log_dir=self.log_dir, eval_deadline=DEADLINE)

        async def scenario() -> None:
            async with running_worker(given) as pipeline:
                while not any(until(run) for run in pipeline.runs):
                    await asyncio.wait({pipeline.failed}, timeout=0.01)
                    if pipeline.failed.done():
                        pipeline.failed.result()

        asyncio.run(asyncio.wait_for(scenario(), 60))

    def header(self) -> dict[str, Any]:
        (path,) = self.log_dir.iterdir()
        with open_log(path) as source:
            return dict(source.header)

    def bytes(self) -> bytes:
        (path,) = self.log_dir.iterdir()
        return path.read_bytes()


@pytest.fixture
def log(make_log) -> Path:
    return make_log(8)


@pytest.fixture
def made(log: Path, tmp_path: Path) -> Eval:
    return Eval(log, tmp_path)


@pytest.fixture
def undisturbed(log: Path, tmp_path: Path) -> bytes:
    path = tmp_path / "undisturbed.eval"
    with open_log(log) as source:
        asyncio.run(score_log(source, plan_scoring(source.header, Wishes(action="overwrite")), path, Settings()))
    return path.read_bytes()


def written(run: RunState) -> bool:
    return run.materialised is not None and run.log_holds()


def test_the_log_of_an_eval_that_never_ends_says_which_samples_are_missing(made: Eval):
    made.append(EVALS.name, [made.start])
    made.append(COMPLETIONS.name, [*made.samples[:3], *made.samples[5:]])
    made.work(written)
    header = made.header()
    assert header["status"] == "error"
    assert header["error"]["message"] == (
        "Of 8 samples 2 never came, or were removed before they were scored"
        f" (sample s3, sample 4; nothing has come of this eval for {DEADLINE} s)."
    )
    assert header["results"]["completed_samples"] == 6


def test_an_eval_whose_samples_all_came_and_whose_end_did_not_has_a_log_with_all_of_them(made: Eval):
    made.append(EVALS.name, [made.start])
    made.append(COMPLETIONS.name, made.samples)
    made.work(written)
    assert made.header()["error"]["message"] == (
        f"Of 8 samples the eval has not ended (nothing has come of this eval for {DEADLINE} s)."
    )
    assert made.header()["results"]["completed_samples"] == 8


def test_an_end_that_counts_more_than_came_is_given_up_too(made: Eval):
    made.append(EVALS.name, [made.start, made.end])
    made.append(COMPLETIONS.name, made.samples[1:])
    made.work(written)
    assert "Of 8 samples 1 never came" in made.header()["error"]["message"]
    assert "(sample 0; " in made.header()["error"]["message"]


def test_when_the_rest_comes_after_all_the_log_is_that_of_an_undisturbed_eval(made: Eval, undisturbed: bytes):
    made.append(EVALS.name, [made.start])
    made.append(COMPLETIONS.name, made.samples[:5])
    made.work(written)
    assert made.bytes() != undisturbed
    made.append(COMPLETIONS.name, made.samples[5:])
    made.append(EVALS.name, [made.end])
    made.work(lambda run: written(run) and run.received == 8 and not run.gave_up)
    assert made.bytes() == undisturbed


def test_the_end_alone_mends_the_log_of_an_eval_that_was_given_up(made: Eval, undisturbed: bytes):
    made.append(EVALS.name, [made.start])
    made.append(COMPLETIONS.name, made.samples)
    made.work(written)
    made.append(EVALS.name, [made.end])
    made.work(lambda run: written(run) and run.completed is not None)
    assert made.bytes() == undisturbed


def test_of_two_ends_the_first_counts_and_a_larger_count_waits_for_its_deadline(made: Eval):
    larger = made.completed.model_copy(update={"samples": 9})
    made.append(EVALS.name, [made.start, NewRecord(made.key + b"/x", larger.to_bytes()), made.end])
    made.append(COMPLETIONS.name, made.samples)
    made.work(written)
    assert "Of 9 samples 1 never came" in made.header()["error"]["message"]


def test_an_eval_without_a_start_is_left_alone_after_its_deadline():
    now = [0.0]
    deadlines = Deadlines(10.0, lambda: now[0])
    run = RunState("e", "live", load_score=None)  # type: ignore[arg-type]
    run.complete(EvalCompleted(eval_id="e", samples=3))
    assert deadlines.overdue([run]) == []
    now[0] = 11.0
    assert [event.eval_id for event in deadlines.overdue([run])] == ["e"]
    run.abandoned = "its EvalStarted never came"
    now[0] = 30.0
    assert deadlines.overdue([run]) == []


def test_what_comes_begins_the_deadline_anew():
    now = [0.0]
    deadlines = Deadlines(10.0, lambda: now[0])
    run = RunState("e", "live", load_score=None)  # type: ignore[arg-type]
    deadlines.overdue([run])
    now[0] = 9.0
    run.complete(EvalCompleted(eval_id="e", samples=3))
    assert deadlines.overdue([run]) == []
    now[0] = 18.0
    assert deadlines.overdue([run]) == []
    now[0] = 20.0
    assert len(deadlines.overdue([run])) == 1
