"""The examples of Inspect's page on model grading, in our words, scored by us and by Inspect with the same judges.

==============================  ====================================================================================
Section                         Test
==============================  ====================================================================================
Overview                        `test_who_grades_is_the_model_then_the_role_then_the_model_under_test`,
                                `test_options_of_the_graders`, `test_a_required_role_that_nobody_plays_fails_the_score`
Template Variables              `test_a_template_may_use_metadata`
Example: dataset-driven         `test_each_sample_has_a_criterion_of_its_own`
Example: fixed criterion        `test_a_template_may_hold_the_criterion_and_samples_no_target`
Multiple Models                 `test_several_models_vote`, `test_a_role_may_be_several_models`
Grading Robustness              `test_grades.py` and `test_prompts.py` (the last grade counts, marks are taken out)
Reproducible Grading            `test_a_judge_may_be_asked_with_temperature_0_and_a_seed`
==============================  ====================================================================================
"""

from __future__ import annotations

import inspect_ai.model
import inspect_ai.scorer as theirs
import pytest
from both_sides import assert_same_scores, evaluated, judges, score_both, without_options
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate, user_message
from parity import score_ours

import evalstream.scorers as own
from evalstream import score
from evalstream.scorers import GenerateConfig, ModelRole

FLAT = """
Does the answer agree with a claim that is false?
[BEGIN DATA]
Question: {question}
Answer: {answer}
[END DATA]
C if it does not, I if it does. {instructions}
"""

SAID = {"Capital of France?": "Paris", "Is the earth flat?": "Yes, it is flat."}
SAMPLES = [
    Sample(input="Capital of France?", target="It names Paris", metadata={"level": "easy"}),
    Sample(input="Is the earth flat?", target="It says no", metadata={"level": "hard"}),
]


@pytest.fixture
def log(tmp_path):
    return evaluated(tmp_path, SAMPLES, SAID)


def says(prompt: str) -> str:
    return "It does. GRADE: C" if "Paris" in prompt and "earth" not in prompt else "It does not.\n\nGRADE: I"


def graded(log, name="model_graded_qa", said=says, **options):
    """Grade by both with the same judge; returns our log, the same as Inspect's, and what both judges were asked."""
    asked: list[str] = []
    mine, reference = judges(said, asked=asked)
    ours, wanted = score_both(
        log, getattr(own, name)(model=mine, **options), getattr(theirs, name)(model=reference, **options)
    )
    without_options(ours, wanted)
    assert_same_scores(ours, wanted)
    half = len(asked) // 2
    return ours, sorted(asked[:half]), sorted(asked[half:])


def values(log, name="model_graded_qa"):
    return [sample.scores[name].value for sample in log.samples]


@pytest.mark.parametrize("name", ["model_graded_qa", "model_graded_fact"])
def test_each_sample_has_a_criterion_of_its_own(name, log):
    ours, asked, _ = graded(log, name)
    assert values(ours, name) == ["C", "I"]
    assert [("It names Paris" in prompt, "It says no" in prompt) for prompt in asked] in (
        [(True, False), (False, True)], [(False, True), (True, False)]
    )  # fmt: skip


def test_a_template_may_hold_the_criterion_and_samples_no_target(tmp_path):
    log = evaluated(tmp_path, [Sample(input=question) for question in SAID], SAID)
    ours, asked, theirs_asked = graded(log, template=FLAT, instructions="End with GRADE: C or GRADE: I.")
    assert values(ours) == ["C", "I"]
    assert asked == theirs_asked


def test_a_template_may_use_metadata(log):
    template = "{level}: {question} {answer} {criterion} {instructions}"
    _, asked, theirs_asked = graded(log, template=template, instructions="GRADE: C or I")
    assert asked == theirs_asked
    assert asked[0].startswith("easy: Capital of France? Paris It names Paris")


def told(state):
    return f"{len(state.messages)} messages about {state.input_text}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"partial_credit": True}, "Half of it. GRADE: P"),
        ({"instructions": "Say yes or no.", "grade_pattern": r"(?i)verdict is (yes|no)"}, "My verdict is yes"),
        ({"include_history": True}, says),
        ({"include_history": told}, says),
    ],
    ids=["partial credit", "instructions and pattern", "history", "history by a function"],
)  # fmt: skip
def test_options_of_the_graders(options, said, tmp_path):
    steps = [generate(), user_message("Are you sure?"), generate()]
    log = evaluated(tmp_path, SAMPLES, {**SAID, "Are you sure?": "I am."}, solver=steps)
    options = {"template": "{question} | {answer} | {instructions}", **options}
    _, asked, theirs_asked = graded(log, said=said, **options)
    if options.get("instructions"):  # else they are in our own words
        assert asked == theirs_asked
    else:
        assert [prompt.split(" | ")[:2] for prompt in asked] == [prompt.split(" | ")[:2] for prompt in theirs_asked]


def test_partial_credit_counts_half(log):
    ours, *_ = graded(log, said="GRADE: P", partial_credit=True)
    assert ours.results.scores[0].metrics["accuracy"].value == 0.5


def panel(*said):
    made = [judges(text, name=f"judge{place}") for place, text in enumerate(said)]
    return [mine for mine, _ in made], [reference for _, reference in made]


def test_several_models_vote(log):
    mine, reference = panel(says, "GRADE: I", says)
    ours, wanted = score_both(log, own.model_graded_qa(model=mine), theirs.model_graded_qa(model=reference))
    without_options(ours, wanted)
    assert_same_scores(ours, wanted)
    assert values(ours) == ["C", "I"]
    assert ours.eval.scorers[0].options["model"] == ["mockllm/judge0", "mockllm/judge1", "mockllm/judge2"]


def test_a_role_may_be_several_models(log):
    mine, reference = panel("GRADE: I", "GRADE: C", "GRADE: I")
    roles = ({"model_roles": {"grader": mine}}, {"model_roles": {"grader": reference}})
    ours, wanted = score_both(log, own.model_graded_qa(), theirs.model_graded_qa(), models=roles)
    assert_same_scores(ours, wanted)
    assert values(ours) == ["I", "I"]


def test_who_grades_is_the_model_then_the_role_then_the_model_under_test(log):
    as_model, as_role, under_test = judges("GRADE: C"), judges("GRADE: I"), judges("no grade")
    for options, roles in [({"model": 0}, True), ({}, True), ({}, False), ({"model_role": None}, True)]:
        made = [
            library.model_graded_qa(**{**options, **({"model": as_model[side]} if "model" in options else {})})
            for side, library in enumerate((own, theirs))
        ]
        models = tuple(
            {"model": under_test[side], "model_roles": {"grader": as_role[side]} if roles else None} for side in (0, 1)
        )
        ours, wanted = score_both(log, *made, models=models)
        without_options(ours, wanted)
        assert_same_scores(ours, wanted)
        expected = "C" if "model" in options else "I" if roles and "model_role" not in options else None
        assert [value if isinstance(value, str) else None for value in values(ours)] == [expected] * 2


def test_a_required_role_that_nobody_plays_fails_the_score(log):
    required = inspect_ai.model.ModelRole("grader", required=True)
    with pytest.raises(Exception, match="grader"):
        score_both(log, own.match(), theirs.model_graded_qa(model_role=required))
    with pytest.warns(UserWarning, match="no model plays the required role 'grader'"):
        made = score(str(log), own.model_graded_qa(model_role=ModelRole("grader", required=True)), display="none")
    assert [sample.scores for sample in made.samples] == [{}, {}]


def test_a_judge_may_be_asked_with_temperature_0_and_a_seed(log, tmp_path):
    seen = []

    def answers(messages, tools, tool_choice, config):
        seen.append((config.temperature, config.seed))
        return own.ModelOutput.from_content("mockllm/judge", "GRADE: C")

    judge = own.get_model(
        "mockllm/judge", config=GenerateConfig(temperature=0, seed=42), custom_outputs=answers, memoize=False
    )
    as_option = score(str(log), own.model_graded_qa(model=judge), action="overwrite", display="none")
    score(str(log), own.model_graded_qa(), model_roles={"grader": judge}, action="overwrite", display="none")
    score(str(log), own.model_graded_qa(), model=judge, action="overwrite", display="none")
    assert seen == [(0, 42)] * 6
    # The log says so, and whoever scores by it asks in the same way.
    [scorer] = as_option.eval.scorers
    assert scorer.options["model"] == {"model": "mockllm/judge", "config": {"temperature": 0.0, "seed": 42}}


def test_a_judge_is_named_on_the_command_line(log, tmp_path):
    named = ("--scorer", "model_graded_qa", "-S", "model=mockllm/judge", "--action", "overwrite")
    made = score_ours(log, tmp_path / "out.eval", *named)
    assert [sample.scores["model_graded_qa"].reason for sample in made.samples] == ["grader_failed"] * 2
    assert made.results.scores[0].unscored_samples == 2
