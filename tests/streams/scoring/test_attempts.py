"""A scorer that fails is tried again on the sample as it came, and what is told of it is that of its last attempt."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from evalstream.scorers import Score, accuracy, scorer
from evalstream.scorers.errors import ModelSetupError
from evalstream.streams.events import Source
from evalstream.streams.scoring import retries as module
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.retries import Retries
from evalstream.streams.scoring.scoring import Scoring
from evalstream.streams.scoring.sheet import Scored

ANSWERS: list[Callable[[object], Score]] = []
"""What `scripted` does at each of its calls, one after the other."""


@scorer(metrics=[accuracy()])
def scripted():
    async def score(state, target):
        await asyncio.sleep(0)
        answer = ANSWERS.pop(0)(state)
        return await answer if asyncio.iscoroutine(answer) else answer

    return score


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(module, "LAST_PAUSE", 0.002)


def completion(scorers: bytes = b'[{"name":"scripted"}]', **members: bytes) -> Completion:
    sample = {"id": b"1", "epoch": b"1", "input": b'"q"', "target": b'"a"', "output": b'"a"', **members}
    return Completion("e", "live", 1, 1, sample, scorers, False, "", None, Source(topic="c", partition=0, offset=1))


def scored(*answers, retries: Retries | None = None, timeout: float = 30.0, **fields) -> Scored:
    ANSWERS[:] = answers
    scoring = Scoring(timeout, retries or Retries(attempts=3))
    asked = completion(**fields)

    async def run() -> Scored:
        scorers = scoring.scorers(asked)
        if getattr(scorers, "immediate", False):
            return scoring.score_now(asked, scorers)
        return await asyncio.wait_for(scoring.score(asked, scorers), 20)

    try:
        return asyncio.run(run())
    finally:
        scoring.stop()


def raising(error: Exception):
    def answer(state):
        raise error

    return answer


def good(state):
    return Score(value="C")


def test_a_model_that_cannot_be_asked_is_not_tried_again():
    _, (failure,) = scored(raising(ModelSetupError("openai/gpt-4o", "OPENAI_API_KEY is not set")), good)
    assert failure.attempts == 1


def test_a_scorer_that_recovers_gives_its_score_and_no_failure():
    (event,), failures = scored(raising(ValueError("once")), raising(ValueError("twice")), good)
    assert (event.score.value, event.error, failures) == ("C", None, [])


def test_the_id_of_a_score_does_not_tell_how_many_attempts_it_took():
    (first,), _ = scored(good)
    (later,), _ = scored(raising(ValueError()), good)
    assert first.score_id == later.score_id


def test_after_the_last_attempt_the_last_error_is_told():
    (event,), (failure,) = scored(*(raising(ValueError(f"no {n}")) for n in range(3)))
    assert (event.error.type, event.error.message, event.error.stage) == ("ValueError", "no 2", "score")
    assert (failure.stage, failure.attempts, failure.scorer) == ("score", 3, "scripted")
    assert failure.error.__traceback__ is not None


def test_an_outage_takes_as_many_attempts_as_it_takes():
    (event,), failures = scored(*[raising(ConnectionError("down"))] * 20, good, retries=Retries(3, patience=60))
    assert (event.score.value, failures) == ("C", [])


def test_a_scorer_that_used_up_its_time_is_not_tried_again():
    (event,), (failure,) = scored(lambda state: asyncio.Event().wait(), good, timeout=0.2)
    assert (event.error.stage, failure.stage, failure.attempts) == ("timeout", "timeout", 1)
    assert len(ANSWERS) == 1


def test_a_timeout_of_the_judge_within_the_limit_is_tried_again():
    (event,), failures = scored(raising(TimeoutError("the judge is slow")), good)
    assert (event.score.value, failures) == ("C", [])


def test_each_attempt_sees_the_sample_as_it_came():
    seen = []

    def spoil(state):
        seen.append((dict(state.metadata), len(state.messages)))
        state.metadata["touched"] = True
        state.messages.clear()
        raise ValueError("half done")

    def look(state):
        seen.append((dict(state.metadata), len(state.messages)))
        return Score(value="C")

    messages = b'[{"role":"user","content":"q"}]'
    scored(spoil, look, metadata=b'{"a":1}', messages=messages)
    assert seen == [({"a": 1}, 1), ({"a": 1}, 1)]


def test_a_later_attempt_still_sees_the_scores_of_the_scorers_before():
    seen = []

    def look(state):
        seen.append(dict(state.scores))
        if len(seen) == 1:
            raise ValueError
        return Score(value="C")

    scored(look, look, scorers=b'[{"name":"match"},{"name":"scripted"}]')
    assert [list(scores) for scores in seen] == [["match"], ["match"]]


def test_a_built_in_scorer_is_not_tried_again():
    _, (failure,) = scored(scorers=b'[{"name":"match"}]', target=b"{}")
    assert (failure.stage, failure.attempts) == ("score", 1)


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "error", [UnspeakableError(), ValueError("x" * 10_000_000), ValueError("\ud800")], ids=["mute", "long", "half"]
)
def test_an_error_that_cannot_be_told_as_it_is_is_told_in_part(error):
    (event,), _ = scored(raising(error), retries=Retries())
    assert len(event.to_bytes()) < 20_000


def test_a_sample_of_which_nothing_can_be_made_fails_each_of_its_scorers():
    asked = completion(b'[{"name":"scripted"},{"name":"match"}]', scores=b"[1]")
    scoring = Scoring(1.0)
    appended = asked._replace(append=True)
    events, failures = asyncio.run(scoring.score(appended, scoring.scorers(appended)))
    assert [event.error is not None for event in events] == [True, True]
    assert len(failures) == 1
