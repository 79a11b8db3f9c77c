"""Scorers in a file, and processes that have loaded it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalstream.scorers.load import load_file
from evalstream.streams.claims import ClaimStores
from evalstream.streams.events import SampleCompleted, ScorerSpec, Source
from evalstream.streams.scoring.apart.processes import ScoringProcesses
from evalstream.streams.scoring.apart.setup import Setup
from evalstream.streams.scoring.completion import Completion, CompletionReader
from evalstream.streams.scoring.retries import Retries
from evalstream.streams.settings import Settings

FILE = """
import asyncio, os, re, signal, time
from pathlib import Path
from evalstream.scorers import Score, accuracy, sandbox, scorer

@scorer(metrics=[accuracy()])
def told_to():
    '''Does what the sample's target says.'''
    async def score(state, target):
        word, _, rest = target.text.partition(" ")
        if word == "search":
            re.match(r"(a+)+$", "a" * 60 + "b")
        elif word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word == "once":  # freezes the first process, and no other one
            if not Path(rest).exists():
                Path(rest).touch()
                asyncio.get_running_loop().call_soon(re.match, r"(a+)+$", "a" * 60 + "b")
        elif word == "wait":
            while not Path(rest).exists():
                await asyncio.sleep(0.01)
        elif word == "raise":
            raise LookupError(rest)
        elif word == "read":
            return Score(value=1, answer=await sandbox().read_file(rest))
        return Score(value=1, answer=str(os.getpid()))
    return score
"""


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Completion]:
    """Make a completion whose scorer does what it is told to."""
    (tmp_path / "made.py").write_text(FILE)
    load_file(tmp_path / "made.py")
    reader = CompletionReader(ClaimStores())

    def make(number: int, what: str = "", **fields: object) -> Completion:
        sample = {"id": number, "epoch": 1, "input": "i", "target": what, "output": {"completion": "c"}}
        event = SampleCompleted(eval_id="e", sample=sample, scorers=[ScorerSpec(name="told_to")], **fields)
        return reader.read(event.to_bytes(), Source(topic="completions", partition=0, offset=number), "0" * 32)

    return make


@pytest.fixture
def processes(ask) -> Iterator[Callable[..., ScoringProcesses]]:
    """Make processes that have loaded the scorer, with a time limit in seconds; they have ended after the test."""
    made: list[ScoringProcesses] = []

    def make(timeout: float = 60.0, claims: ClaimStores | None = None) -> ScoringProcesses:
        setup = Setup.here(Settings(scorer_timeout=timeout), Retries(1), None).pickled()
        made.append(ScoringProcesses(setup, claims or ClaimStores(), timeout, kept=False))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def answer_of(text: bytes) -> str:
    """Return the answer in an event's text."""
    return json.loads(text)["score"]["answer"]
