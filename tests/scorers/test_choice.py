import json
import zipfile
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ModelOutput as InspectOutput
from inspect_ai.model import ModelUsage as InspectUsage
from inspect_ai.model import get_model
from inspect_ai.scorer import choice as inspect_choice
from inspect_ai.solver import multiple_choice
from inspect_ai.solver._multiple_choice import parse_answers as inspect_parse

from evalstream.scorers import Choice, SampleError, TaskState, choice, jsontext, run_now
from evalstream.scorers.choices import letter, position
from evalstream.scorers.text.choices_parser import picked, plan_multiple_correct

ANSWERS = [
    "ANSWER: A",
    "answer: b",
    "ANSWER: A,",
    "I think it is C",
    "",
    "ANSWER: Z",
    "**ANSWER: B**",
    "ANSWER: $C$",
    "ANSWER: A and B",
    "ANSWER: D.",
    "ANSWER: (A)",
    "ANSWER: A\nANSWER: C",
    "ANSWER: C, A",
    "ANSWER: A, B, and D",
]


def output(text):
    made = InspectOutput.from_content("mockllm/model", text)
    made.usage = InspectUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return made


@pytest.fixture(scope="module")
def live_eval(tmp_path_factory):
    """Run a multiple-choice eval in Inspect itself; return the log's path."""

    def run(**options):
        texts = ["w", "x\nand a second line", "x", "z", "zz"]
        dataset = [
            Sample(
                id=i + 1,
                input=f"question {i} " + "with many words " * (10 * (i % 2)),
                choices=texts[: 4 + i % 2],
                target=["A", "B"] if options.get("multiple_correct") and i % 2 else "ABCD"[i % 4],
            )
            for i in range(len(ANSWERS))
        ]
        (log,) = inspect_eval(
            Task(dataset=dataset, solver=multiple_choice(**options), scorer=inspect_choice()),
            model=get_model("mockllm/model", custom_outputs=[output(text) for text in ANSWERS]),
            log_dir=str(tmp_path_factory.mktemp("logs")),
            display="none",
            max_connections=1,
            max_samples=1,
        )
        assert log.status == "success"
        return log.location

    return run


def members_of(path):
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("samples/"):
                yield jsontext.split_object(archive.read(name))


def assert_rescoring_gives_the_live_score(members, multiple_correct):
    live = json.loads(members["scores"])["choice"]
    rest = {key: text for key, text in members.items() if key != "scores"}
    state = TaskState.from_sample(rest, model="mockllm/model", multiple_correct=multiple_correct)
    again = run_now(choice()(state, state.target)).model_dump(exclude_none=True)
    assert again == live, members["output"]


@pytest.mark.parametrize("hinted", [True, False])
@pytest.mark.parametrize("multiple_correct", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
@pytest.mark.filterwarnings("ignore")
def test_rescoring_a_log_reproduces_every_live_score(live_eval, multiple_correct, shuffled, hinted):
    shuffle = {"shuffle": Random(3)} if shuffled else {}
    path = live_eval(multiple_correct=multiple_correct, **shuffle)
    plan = json.loads(zipfile.ZipFile(path).read("header.json"))["plan"]
    assert plan_multiple_correct(plan) is multiple_correct
    samples = list(members_of(path))
    assert len(samples) == len(ANSWERS)
    for members in samples:
        assert_rescoring_gives_the_live_score(members, multiple_correct if hinted else None)
    # A live producer sends the events whole, without the pool and the attachments of a log.
    for sample in read_eval_log(path, resolve_attachments="full").samples:
        members = jsontext.split_object(sample.model_dump_json(exclude_none=True).encode())
        assert b'"attachment://' not in members["events"]
        members.pop("events_data", None)
        assert_rescoring_gives_the_live_score(members, multiple_correct if hinted else None)


NAMES = st.lists(
    st.sampled_from(
        ["ANSWER: ", "answer:", "ANSWER :", "A", "b", "C", "Z", "1", "12", ",", " and ", " AND ", "\n", ".", " "]
    )
    | st.sampled_from(["(A)", "**", "$", "$B$", "**C**", "because", "["]),
    max_size=9,
).map("".join)


@settings(max_examples=800)
@given(NAMES, st.integers(1, 40), st.booleans())
def test_picks_are_those_of_inspects_solver(completion, count, multiple_correct):
    state = SimpleNamespace(output=SimpleNamespace(completion=completion), choices=range(count))
    assert {letter(i) for i in picked(completion, count, multiple_correct)} == inspect_parse(state, multiple_correct)


@given(st.text(), st.integers(0, 40), st.booleans())
def test_picks_are_always_choices_that_exist(completion, count, multiple_correct):
    assert all(0 <= i < count for i in picked(completion, count, multiple_correct))


@given(st.integers(0, 200))
def test_letter_and_position_are_inverse(index):
    assert position(letter(index)) == index


def scored(target, completion="", choices=("w", "x", "y", "z"), **options):
    state = TaskState(output=completion, target=target, choices=list(choices))
    return run_now(choice(**options)(state, state.target))


@pytest.mark.parametrize("target", ["AB", "A,B", "A, B", ["A", "B"], ["B A"]])
def test_several_right_choices_can_be_written_in_several_ways(target):
    assert scored(target, "ANSWER: B and A").value == "C"


def test_own_option_wins_over_what_the_sample_suggests():
    assert scored("A", "ANSWER: A, A").value == "I"
    assert scored("A", "ANSWER: A, A", multiple_correct=True).value == "C"
    assert scored(["A", "B"], "ANSWER: A, B", multiple_correct=False).reason == "invalid_response_format"


def test_marks_of_a_solver_win_over_the_completion():
    marked = [Choice("w", False, 0), Choice("x", True, 1)]
    score = scored("B", "ANSWER: A", choices=marked)
    assert (score.value, score.answer, score.explanation) == ("C", "B", "ANSWER: A")


def test_shuffled_marks_are_judged_in_the_original_order():
    score = scored("A", "ANSWER: B", choices=[Choice("x", False, 1), Choice("w", True, 0)])
    assert (score.value, score.answer) == ("C", "A")
    assert score.explanation.endswith("A) x\nB) w\nShuffled answer:\nANSWER: B")


def test_scoring_leaves_the_choices_as_they_are():
    state = TaskState(output="ANSWER: A", target="A", choices=["w", "x"])
    run_now(choice()(state, state.target))
    assert [c.correct for c in state.choices] == [None, None]


def test_blank_and_unreadable_answers_are_told_apart():
    assert (scored("A", " ").value, scored("A", " ").reason) == ("N", "no_response")
    assert (scored("A", "no").value, scored("A", "no").reason) == ("I", "invalid_response_format")


def test_no_choices_and_impossible_targets_are_errors_of_the_sample():
    with pytest.raises(SampleError, match="requires samples with choices"):
        scored("A", choices=[])
    with pytest.raises(SampleError, match="names 10, but there are 4 choices"):
        scored("10")
    with pytest.raises(ValueError, match="'!' names no choice"):
        scored("!")


def test_the_old_name_still_finds_it():
    from evalstream.scorers import registry

    assert registry.find("scorer", "choices") is registry.find("scorer", "inspect_ai/choice")
    assert registry.log_name(choice()) == "inspect_ai/choice"
