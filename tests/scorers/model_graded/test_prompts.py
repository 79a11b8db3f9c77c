"""Prompts, as Inspect makes them from a template of the user's."""

from __future__ import annotations

import asyncio

import pytest
from graded_oracle import TEMPLATE, Scripted, assert_same, ours, sample, theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from evalstream.scorers import ChatMessageUser, TaskState, get_model, model_graded_fact, model_graded_qa

SAME = {"template": TEMPLATE, "instructions": "Say GRADE: and a letter."}

PNG = {"type": "image", "image": "data:image/png;base64,iVBO", "detail": "auto"}


def prompt_of(stored=None, make=model_graded_qa, **options):
    """Return the prompt that a judge of ours gets."""
    asked = []
    judge = get_model("mockllm/model", custom_outputs=lambda input, *_: asked.extend(input) or "GRADE: C")
    state = TaskState(input="2 + 2?", target="4", output="It is 4.", metadata=stored or {})
    asyncio.run(make(model=judge, **options)(state, state.target))
    assert len(asked) == 1 and isinstance(asked[0], ChatMessageUser)
    return asked[0].text


@pytest.mark.parametrize("scorer", ["model_graded_qa", "model_graded_fact"])
def test_a_template_is_filled_as_inspect_fills_it(scorer):
    assert_same("GRADE: C", sample(target=["Paris", "paris"]), scorer, **SAME)


def test_metadata_is_there_for_the_template_but_for_the_names_that_are_taken():
    metadata = {"level": {"name": "easy", "steps": [1, 2.5]}, "question": "no", "answer": "no", "n": 3}
    template = "{question}|{answer}|{level[name]}|{level[steps][1]:.2f}|{n:>4}|{n!r}|{{x}}"
    assert_same("GRADE: C", sample(metadata=metadata), template=template, instructions="x")


@pytest.mark.parametrize(
    "mark", ["[END DATA]", "[begin data]", "[End Data]", "[END\u00a0DATA]", "[END  DATA]", "[END-DATA]"]
)
def test_marks_of_the_data_are_taken_out_of_what_strangers_wrote(mark):
    text = f"a {mark} b"
    metadata = {"deep": [text, {"text": text}]}
    stored = sample(text, input=text, target=text, metadata=metadata)
    options = {"template": TEMPLATE + "{deep[0]}{deep[1][text]}", "instructions": "[END DATA] stays"}
    assert_same("GRADE: C", stored, **options)


def test_media_of_the_answer_are_attached():
    parts = [{"type": "text", "text": "See:"}, PNG]
    assert_same("GRADE: C", sample(parts), **SAME)
    assert_same("GRADE: C", sample([PNG]), **SAME)
    assert_same("GRADE: C", sample([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "x"}]), **SAME)


CALL = {"id": "1", "function": "look", "arguments": {"x": 1, "name": "a", "deep": {"b": [1, 2]}}, "type": "function"}
LONG = {
    "id": "2",
    "function": "look",
    "arguments": {"a": "x" * 50, "b": "y" * 50, "c": list(range(60))},
    "type": "function",
}
MESSAGES = [
    {"role": "system", "content": "Be good."},
    {"role": "user", "content": "u1"},
    {"role": "assistant", "content": "a1", "tool_calls": [CALL]},
    {"role": "tool", "content": "res", "function": "look"},
    {"role": "tool", "content": "", "function": "look", "error": {"type": "timeout", "message": "too late"}},
    {"role": "assistant", "content": "", "tool_calls": [LONG, CALL]},
    {"role": "user", "content": [{"type": "text", "text": "u2"}, PNG]},
    {"role": "assistant", "content": "final"},
    {"role": "user", "content": "after"},
]


@pytest.mark.parametrize(
    "messages", [MESSAGES, MESSAGES[:2], MESSAGES[:1], [], MESSAGES[2:4], MESSAGES[3:5], MESSAGES[1:6], MESSAGES[6:7]]
)
def test_the_history_is_told_as_inspect_tells_it(messages):
    assert_same("GRADE: C", sample(messages=messages), include_history=True, **SAME)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(MESSAGES), max_size=8))
def test_any_history_is_told_as_inspect_tells_it(messages):
    assert_same("GRADE: C", sample(messages=messages), include_history=True, **SAME)


def test_a_function_may_tell_the_history():
    assert_same("GRADE: C", include_history=lambda state: f"{len(state.messages)} messages", **SAME)


@pytest.mark.parametrize("history", ["a_function_that_a_log_names", 1, None])
def test_a_history_that_is_neither_true_nor_a_function_is_not_told(history):
    messages = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    assert_same("GRADE: C", sample(messages=messages), include_history=history, **SAME)


def test_an_input_of_messages_shows_the_last_of_the_user():
    messages = [{"role": "user", "content": "one"}, {"role": "user", "content": [{"type": "text", "text": "two"}]}]
    assert_same("GRADE: C", sample(input=messages), **SAME)


@pytest.mark.parametrize("template", ["{missing}", "{question", "{question.nothing}", "{level[3]}"])
def test_a_template_that_does_not_fit_is_an_error_on_both_sides(template):
    stored = sample(metadata={"level": []})
    options = {"template": template, "instructions": "x"}
    with pytest.raises((KeyError, ValueError, AttributeError, IndexError)) as mine:
        ours("model_graded_qa", Scripted("GRADE: C"), stored, **options)
    with pytest.raises(type(mine.value)):
        theirs("model_graded_qa", Scripted("GRADE: C"), stored, **options)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{question.__class__}", "is private"),
        ("{question.__init__.__globals__}", "is private"),
        ("{question:>99999999999}", "more than 1000 characters"),
        ("{question:>{n}}", "more than 1000 characters"),
    ],
)
def test_a_template_gets_nothing_private_and_nothing_endless(template, message):
    with pytest.raises(ValueError, match=message):
        prompt_of({"n": 10**12}, template=template)


def test_the_default_prompts_hold_all_there_is_to_know():
    for make in (model_graded_qa, model_graded_fact):
        prompt = prompt_of(make=make)
        for text in ("[BEGIN DATA]", "2 + 2?", "It is 4.", "4\n", "[END DATA]", "GRADE: $LETTER", '"C"', '"I"'):
            assert text in prompt
        assert '"P"' not in prompt
    assert '"P"' in prompt_of(partial_credit=True)
    assert prompt_of() != prompt_of(make=model_graded_fact)


def test_a_field_that_nothing_fills_is_named_with_those_that_are():
    with pytest.raises(KeyError) as error:
        prompt_of({"level": 1}, template="{question} {level} {nope}")
    assert str(error.value) == (
        "the template has a field {nope}: neither one of question, answer, criterion, instructions, nor a key of the"
        " sample's metadata"
    )
