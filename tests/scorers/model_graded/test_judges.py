"""Who judges: models, roles, panels; and what becomes of a judge's errors."""

from __future__ import annotations

import asyncio
import itertools
import math

import pytest
from graded_oracle import assert_same

from evalstream.scorers import (
    Budget,
    BudgetError,
    GenerateConfig,
    ModelContext,
    ModelOutput,
    ModelRole,
    ModelSetupError,
    ModelUsage,
    Score,
    TaskState,
    UsageLog,
    accuracy,
    get_model,
    model_graded_fact,
    model_graded_qa,
    registry,
    use_context,
)
from evalstream.scorers.results.options import logged_options
from evalstream.scorers.results.scorer_info import ScorerInfo

STATE = TaskState(model="mockllm/model", input="2 + 2?", target="4", output="It is 4.")


def judge(text, name="mockllm/judge"):
    return get_model(name, custom_outputs=lambda *_: text)


def score(scorer, context=None):
    with use_context(context or ModelContext("mockllm/model")):
        return asyncio.run(scorer(STATE, STATE.target))


@pytest.mark.parametrize("reducer", ["majority", "mode"])
@pytest.mark.parametrize("votes", list(itertools.product(["GRADE: C", "GRADE: I", "nothing"], repeat=3)))
def test_a_panel_decides_as_inspects_does(votes, reducer):
    assert_same(votes, reducer=reducer)


@pytest.mark.parametrize("votes", list(itertools.product(["GRADE: C", "nothing"], repeat=2)))
def test_a_panel_of_two_needs_both(votes):
    assert_same(votes)


def test_a_panel_of_one_is_a_panel():
    scored = score(model_graded_qa(model=[judge("GRADE: C")]))
    assert scored.metadata["panel"] == {"votes": ["C"], "size": 1, "failures": []}


@pytest.mark.parametrize("votes", [["GRADE: C"], ["GRADE: C", "GRADE: I", "GRADE: C"]])
def test_a_role_is_looked_up_when_there_is_something_to_score(votes):
    assert_same(votes, roles="grader")
    assert_same(votes, roles="other", model_role="other")


def test_a_model_comes_before_a_role_and_a_role_before_the_default_model():
    context = ModelContext("mockllm/model", roles={"grader": judge("GRADE: I")})
    assert score(model_graded_qa(model=judge("GRADE: C")), context).value == "C"
    assert score(model_graded_qa(), context).value == "I"
    assert math.isnan(score(model_graded_qa(model_role=None), context).value)  # the default model says its usual text
    assert math.isnan(score(model_graded_qa(model_role="other"), context).value)


def test_the_default_model_is_the_one_under_test():
    scored = score(model_graded_qa())
    assert scored.explanation == "Grade not found in model output: Default output from mockllm/model"
    assert scored.metadata["grading"][1]["model"] == "mockllm/model"


def test_a_required_role_that_nobody_plays_is_an_error():
    with pytest.raises(ModelSetupError, match="no model plays the required role 'grader'"):
        score(model_graded_qa(model_role=ModelRole("grader", required=True)))


def test_a_required_role_that_a_model_bypasses_is_told(caplog):
    model_graded_qa(model=judge("GRADE: C"), model_role=ModelRole("grader", required=True))
    assert "none of the required role 'grader' is looked for" in caplog.text


@pytest.mark.parametrize("option", [{"model": 3}, {"model": [None, 3]}, {"model": {"name": "x"}}, {"model_role": 3}])
def test_a_judge_that_is_none_is_refused_when_the_scorer_is_made(option):
    with pytest.raises(ModelSetupError, match="is named by text"):
        model_graded_qa(**option)


def test_a_judge_that_fails_is_an_error_and_no_grade():
    failing = get_model("mockllm/judge", custom_outputs=[])
    with pytest.raises(ModelSetupError, match="ran out of values"):
        score(model_graded_qa(model=failing))
    with pytest.raises(ModelSetupError, match="ran out of values"):
        score(model_graded_qa(model=[judge("GRADE: C"), failing]))


def test_a_budget_that_is_spent_ends_a_panel():
    context = ModelContext("mockllm/model", budget=Budget(tokens=0))
    with pytest.raises(BudgetError):
        score(model_graded_qa(model=[judge("GRADE: C"), judge("GRADE: C")]), context)


def test_use_is_counted_for_each_judge_of_a_panel():
    def says(*_):
        output = ModelOutput.from_content("m", "GRADE: C")
        output.usage = ModelUsage(input_tokens=5, output_tokens=1, total_tokens=6)
        return output

    usage = UsageLog()
    panel = [get_model(f"mockllm/{name}", custom_outputs=says) for name in "aab"]
    score(model_graded_qa(model=panel), ModelContext(usage=usage, scorer="model_graded_qa"))
    counted = {model: use.total_tokens for (_, model), use in usage.by_scorer_and_model().items()}
    assert counted == {"mockllm/a": 12, "mockllm/b": 6}


def test_both_are_registered_with_inspects_names_and_metrics():
    for make in (model_graded_qa, model_graded_fact):
        info = ScorerInfo.from_scorer(make(partial_credit=True))
        assert info.params == {"partial_credit": True}
        assert [registry.short_log_name(metric) for metric in info.metrics] == ["accuracy", "stderr"]
        assert registry.log_name(make()) == f"inspect_ai/{make.__name__}"


def test_a_log_says_which_judges_there_were_and_they_can_be_made_again():
    exact = get_model("mockllm/judge", config=GenerateConfig(temperature=0.0))
    made = model_graded_qa(model=["mockllm/a", exact], model_role=ModelRole("grader", required=True))
    options = logged_options(made)
    assert options == {
        "model": ["mockllm/a", {"model": "mockllm/judge", "config": {"temperature": 0.0}}],
        "model_role": {"name": "grader", "required": True},
    }
    again = registry.create("scorer", "model_graded_qa", options)
    assert logged_options(again) == options
    assert score(again).metadata["panel"]["size"] == 2


def test_a_judge_as_inspects_logs_write_one_is_understood():
    entry = {"model": "mockllm/model", "config": {"temperature": 0.0}, "base_url": None, "model_args": {"x": "fn"}}
    scored = score(registry.create("scorer", "model_graded_qa", {"model": entry}))
    assert scored.reason == "grader_failed"


def test_what_a_panel_says_goes_through_the_metrics():
    from evalstream.scorers import SampleScore

    scores = [score(model_graded_qa(model=judge(f"GRADE: {grade}"))) for grade in "CCI"]
    assert all(isinstance(one, Score) for one in scores)
    assert accuracy()([SampleScore(score=one) for one in scores]) == pytest.approx(2 / 3)
