"""The examples of Inspect's page on custom scorers, in our words, scored by us and by Inspect.

========================  ==========================================================================================
Section                   Test
========================  ==========================================================================================
Example                   `test_a_number_within_a_tolerance_is_right`
Score, Score Value        `test_values_may_be_letters_numbers_and_words`, `test_a_metric_may_know_other_words`
Unscored Samples          `test_a_sample_without_verdict_is_unscored`
Models in Scorers         `test_a_judge_is_found_by_role_by_name_and_by_default`, also in a file for Inspect as it is
Example: Includes         `test_includes_written_anew_is_the_built_in_one`
Example: Model Grading    `test_a_judge_with_a_template_of_a_file`
Sample and store          `test_metadata_messages_and_store_are_there_for_a_scorer` (pages on typing, agents)
========================  ==========================================================================================
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from both_sides import Example, assert_same_scores, evaluated, judges, score_both, without_options
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate, solver
from parity import SCORERS, assert_same_log, score_ours, score_theirs

from evalstream.scorers import resolve_scorer

SAID = {
    "18 * 7?": "It is 126", "2 / 3?": "About 0.67", "7 - 9?": "7 - 9 is -2", "1 + 1?": "No idea", "3 * 3?": "3 * 3 is 9"
}  # fmt: skip
WANTED = ["126", "0.6667", "-2", "2", "10"]


@pytest.fixture
def example(tmp_path) -> Example:
    return Example("documented_custom.py", tmp_path)


@pytest.fixture
def log(tmp_path):
    samples = [
        Sample(input=question, target=wanted, metadata={"topic": "sums", "weight": place})
        for place, (question, wanted) in enumerate(zip(SAID, WANTED, strict=True))
    ]
    return evaluated(tmp_path, samples, SAID)


def scored(example, log, folder, name, *arguments, **options):
    """Score by the command, and by Inspect; returns our log, which is the same as Inspect's."""
    folder = Path(tempfile.mkdtemp(dir=folder))
    ours = score_ours(log, folder / "ours.eval", *example.named(name), *arguments)
    theirs = score_theirs(log, folder / "theirs.eval", [getattr(example.theirs, name)(**options)], action="overwrite")
    assert_same_log(ours, theirs)
    return ours


def values(log, name):
    return [sample.scores[name].value for sample in log.samples]


def test_a_number_within_a_tolerance_is_right(example, log, tmp_path):
    assert values(scored(example, log, tmp_path, "about"), "about") == ["C", "C", "C", "I", "I"]
    wide = scored(example, log, tmp_path, "about", "-S", "share=0.2", share=0.2)
    assert values(wide, "about") == ["C", "C", "C", "I", "C"]


def test_values_may_be_letters_numbers_and_words(example, log, tmp_path):
    made = scored(example, log, tmp_path, "of_every_kind")
    assert len({type(value) for value in values(made, "of_every_kind")}) > 1


def test_a_metric_may_know_other_words(example, log, tmp_path):
    ours, theirs = score_both(
        log, example.ours.in_own_words(), example.theirs.in_own_words(), epochs_reducer=[]
    )  # a reducer would have made numbers of them
    assert_same_scores(ours, theirs)
    assert ours.results.scores[0].metrics["accuracy"].value == 0.4
    scored(example, log, tmp_path, "in_own_words")


def test_a_sample_without_verdict_is_unscored(example, log, tmp_path):
    made = scored(example, log, tmp_path, "careful")
    [row] = made.results.scores
    assert (row.scored_samples, row.unscored_samples, row.metrics["accuracy"].value) == (2, 3, 0.5)
    assert [sample.scores["careful"].reason for sample in made.samples].count("two answers") == 2


def test_includes_written_anew_is_the_built_in_one(example, log, tmp_path):
    made = scored(example, log, tmp_path, "holds")
    built_in = score_ours(log, tmp_path / "includes.eval", "--scorer", "includes")
    assert values(made, "holds") == values(built_in, "includes") == ["C", "I", "C", "I", "I"]


def test_a_judge_with_a_template_of_a_file(example, log, tmp_path):
    template = tmp_path / "prompt.txt"
    template.write_text("Q: {question}\nA: {answer}\nC: {criterion}\n{instructions}")
    asked: list[str] = []

    def says(text):
        return "VERDICT: C" if "126" in text else "no verdict" if "idea" in text else "Well. VERDICT: I"

    mine, reference = judges(says, asked=asked)
    ours, theirs = score_both(
        log,
        example.ours.rated(template=str(template), model=mine),
        example.theirs.rated(template=str(template), model=reference),
    )
    assert ours.results.scores[0].params == {"template": str(template), "model": "mockllm/model"}
    without_options(ours, theirs)
    assert_same_scores(ours, theirs)
    assert values(ours, "rated")[:3] == ["C", "I", "I"]
    assert ours.samples[3].scores["rated"].reason == "grader_failed"
    assert sorted(asked[:5]) == sorted(asked[5:])
    assert "Q: 18 * 7?\nA: It is 126\nC: 126\nSay VERDICT: C or VERDICT: I." in asked


def test_a_judge_that_plays_a_role_is_asked(example, log):
    mine, reference = judges(lambda text: "C" if "126" in text else "I", name="judge")
    ours, theirs = score_both(
        log,
        example.ours.asked_of(),
        example.theirs.asked_of(),
        models=({"model_roles": {"grader": mine}}, {"model_roles": {"grader": reference}}),
    )
    assert_same_scores(ours, theirs)
    assert values(ours, "asked_of") == ["C", "I", "I", "I", "I"]


@pytest.mark.parametrize("imports", ["changed", "as they are"])
def test_a_judge_is_found_by_role_by_name_and_by_default(imports, example, log):
    file = example.file if imports == "changed" else SCORERS / example.file.name
    mine, reference = judges("C", name="judge", temperature=0.5)
    of_inspect = {"model_roles": {"grader": reference}}
    for roles in ({"model_roles": {"grader": mine}}, of_inspect), (of_inspect, of_inspect), ({}, {}):
        named = resolve_scorer(f"{file}@who_is_asked"), example.theirs.who_is_asked()
        ours, theirs = score_both(log, *named, models=roles)
        assert_same_scores(ours, theirs)


@pytest.mark.parametrize("imports", ["changed", "as they are"])
def test_the_command_line_names_judges_for_both_kinds_of_file(imports, example, log, tmp_path):
    file = example.file if imports == "changed" else SCORERS / example.file.name
    named = ("--scorer", f"{file}@who_is_asked", "--model", "mockllm/default", "--model-role", "grader=mockllm/judge")
    made = score_ours(log, tmp_path / "ours.eval", *named)
    assert {sample.scores["who_is_asked"].explanation for sample in made.samples} == {
        "['mockllm/judge grader None', 'mockllm/another None 0.0', 'mockllm/default None None']"
    }


def test_metadata_messages_and_store_are_there_for_a_scorer(example, tmp_path):
    @solver
    def notes():
        async def solve(state, generate):
            state.store.set("notes", f"on {state.input_text}")
            return state

        return solve

    samples = [Sample(input=text, target=["a", "b"], metadata={"topic": "t", "weight": ord(text)}) for text in "xyz"]
    log = evaluated(tmp_path, samples, "fine", solver=[notes(), generate()], epochs=2)
    made = scored(example, log, tmp_path, "looks_at_the_sample")
    assert {sample.scores["looks_at_the_sample"].answer for sample in made.samples} == {"on x", "on y", "on z"}
