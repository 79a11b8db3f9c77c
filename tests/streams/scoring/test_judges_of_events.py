"""Judges in a worker: what its settings say, what an event may decide, and what it may not."""

from __future__ import annotations

import asyncio

import pytest

from evalstream.scorers import (
    BudgetError,
    PricesError,
    Score,
    accuracy,
    get_model,
    model_graded_qa,
    model_roles,
    scorer,
)
from evalstream.scorers.models import current_context
from evalstream.streams.events import Source
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.judges import Judges
from evalstream.streams.scoring.scoring import Scoring
from evalstream.streams.settings import Settings


@scorer(metrics=[accuracy()])
def looks_at_its_context():
    async def score(state, target):
        context = current_context()
        told = f"{get_model()} {context.epoch} {context.scorer} {sorted(model_roles())} {context.cache is not None}"
        return Score(value="C", explanation=told)

    return score


@scorer(metrics=[accuracy()])
def uses_a_template_late(template: str):
    async def score(state, target):
        await model_graded_qa(template=template, model="mockllm/model")(state, target)
        return Score(value="C")

    return score


@scorer(metrics=[accuracy()])
def spends():
    async def score(state, target):
        raise BudgetError("The budget for judges is spent: 5 of 5 tokens.")

    return score


def scored(scorers: bytes, settings: Settings | None = None, epoch: int = 1, model: str = "mockllm/tested"):
    sample = {"id": b"1", "epoch": b"1", "input": b'"q"', "target": b'"a"', "output": b'"a"'}
    source = Source(topic="c", partition=0, offset=1)
    asked = Completion("e", "live", 1, epoch, sample, scorers, False, model, None, source)
    scoring = Scoring(30.0, judges=Judges(settings))

    async def run():
        return await asyncio.wait_for(scoring.score(asked, scoring.scorers(asked)), 20)

    try:
        (event,), _ = asyncio.run(run())
    finally:
        scoring.stop()
    return event


def test_a_scorer_sees_the_model_under_test_its_epoch_and_its_name():
    event = scored(b'[{"name":"looks_at_its_context"}]', epoch=3)
    assert event.score.explanation == "mockllm/tested 3 looks_at_its_context [] False"


def test_settings_come_before_what_the_event_says(tmp_path):
    settings = Settings(
        model="mockllm/judge", model_role="grader=a/b\ncritic=c/d", judge_cache_path=tmp_path / "x.sqlite"
    )
    event = scored(b'[{"name":"looks_at_its_context"}]', settings)
    assert event.score.explanation == "mockllm/judge 1 looks_at_its_context ['critic', 'grader'] True"


def test_a_template_that_an_event_brought_is_not_opened_by_a_scorer_that_uses_it_late(tmp_path):
    path = tmp_path / "prompt.txt"
    path.write_text("{question}")
    event = scored(f'[{{"name":"uses_a_template_late","options":{{"template":"{path}"}}}}]'.encode())
    assert event.score is None and "give it on the command line" in event.error.message
    event = scored(b'[{"name":"uses_a_template_late","options":{"template":"{question}"}}]')
    assert event.score.value == "C"


def test_a_judge_that_an_event_brought_with_a_base_url_is_refused():
    options = b'{"model": {"model": "vllm/x", "base_url": "http://127.0.0.1:1/v1"}}'
    scoring = Scoring(30.0)
    source = Source(topic="c", partition=0, offset=1)
    asked = b'[{"name":"model_graded_qa","options":' + options + b"}]"
    failure = scoring.scorers(Completion("e", "live", 1, 1, {}, asked, False, "", None, source))
    assert "its base URL came by an event or a log" in str(failure.error)


def test_a_spent_budget_is_no_failure():
    event = scored(b'[{"name":"spends"}]')
    assert event.error is None and event.score.reason == "budget"
    assert event.score.value != event.score.value


def test_a_default_model_without_an_answer_to_read_is_unscored_with_the_graders_reason():
    event = scored(b'[{"name":"model_graded_qa"}]')
    assert event.score.reason == "grader_failed" and event.error is None


def test_a_worker_does_not_start_with_a_budget_that_it_cannot_count(tmp_path):
    with pytest.raises(PricesError, match="--judge-prices"):
        Judges(Settings(judge_budget="5.00"))
    with pytest.raises(PricesError, match="cannot be read"):
        Judges(Settings(judge_prices=tmp_path / "nowhere.yaml"))
    assert Judges(Settings(judge_budget="5_000 tokens")).context().budget.spent == 0.0
