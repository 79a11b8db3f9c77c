import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.log import EvalSample
from inspect_ai.model import ModelOutput as InspectOutput
from pydantic import BaseModel

from evalstream.scorers import (
    ChatMessageAssistant,
    ChatMessageUser,
    ContentImage,
    ContentText,
    ModelOutput,
    SampleError,
    TaskState,
    jsontext,
)

ASSISTANT = {
    "role": "assistant",
    "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}, {"type": "text", "text": "2"}],
    "tool_calls": [{"id": "c1", "function": "add", "arguments": {"x": 1}, "type": "function", "mine": True}],
    "new_field": 7,
}
SAMPLE = {
    "id": "s1",
    "epoch": 2,
    "input": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "6 * 7?"}],
    "choices": ["41", "42"],
    "target": ["42", "forty-two"],
    "messages": [
        {"role": "user", "content": "6 * 7?"},
        ASSISTANT,
        {"role": "tool", "content": "1", "function": "add", "tool_call_id": "c1"},
    ],
    "output": {"model": "m", "choices": [{"message": ASSISTANT, "stop_reason": "stop"}], "usage": {"input_tokens": 3}},
    "metadata": {"level": 3, "x": float("nan")},
    "store": {"turns": 2},
    "scores": {"match": {"value": 1.0}},
    "uuid": "u1",
    "events": [{"event": "info", "data": "attachment://abc"}],
    "attachments": {"abc": "a long text"},
}


def stored(**changes):
    return {key: jsontext.dumps(value) for key, value in {**SAMPLE, **changes}.items() if value is not ...}


def state_of(**changes):
    return TaskState.from_sample(stored(**changes), model="openai/gpt-4o")


def test_every_attribute_of_a_stored_sample_is_readable():
    state = state_of()
    assert (state.sample_id, state.epoch, state.uuid, state.completed) == ("s1", 2, "u1", True)
    assert (state.model, state.model.api, state.model.name) == ("openai/gpt-4o", "openai", "gpt-4o")
    assert (state.input_text, state.user_prompt.text, state.target.target) == ("6 * 7?", "6 * 7?", SAMPLE["target"])
    assert [c.value for c in state.choices] == ["41", "42"]
    assert state.output.completion == state.completion == "4\n2"
    assert (state.output.stop_reason, state.output.usage.input_tokens) == ("stop", 3)
    assert state.output.message.tool_calls[0].arguments == {"x": 1}
    assert state.messages[2].function == "add"
    assert (state.store.get("turns"), state.store.get("none")) == (2, None)
    assert state.scores["match"].value == 1.0
    assert (list(state.tools), state.tool_choice) == ([], None)
    assert state.stored("events") == [{"event": "info", "data": "a long text"}]
    assert state.stored("nothing") is None


def test_unknown_fields_are_kept():
    message = state_of().output.message
    assert message.new_field == 7
    assert message.model_dump()["tool_calls"][0]["mine"] is True


def test_metadata_reads_as_a_model():
    class Level(BaseModel):
        level: int

    assert state_of().metadata_as(Level).level == 3
    with pytest.raises(ValueError, match="no metadata"):
        state_of(metadata={}).metadata_as(Level)


def test_only_what_is_read_is_parsed():
    state = TaskState.from_sample({**stored(), "events": b"not json", "metadata": b"[", "messages": b"{"})
    assert state.completion == "4\n2"
    assert state.target.text == "42forty-two"
    with pytest.raises(SampleError, match=r'Sample "s1", epoch 2: "metadata" is not JSON'):
        _ = state.metadata


def test_a_minimal_producers_sample_is_enough():
    members = {"id": b"7", "epoch": b"1", "input": b'"1 + 1?"', "target": b'"2"', "output": b'"It is 2"'}
    state = TaskState.from_sample(members, model="m/x")
    assert (state.completion, state.output.completion, state.sample_id) == ("It is 2", "It is 2", 7)
    assert [(m.role, m.text) for m in state.messages] == [("user", "1 + 1?"), ("assistant", "It is 2")]
    assert (state.metadata, dict(state.store), state.scores, len(state.choices)) == ({}, {}, {}, 0)
    assert state.uuid == TaskState.from_sample(members).uuid != ""


def test_no_output_is_an_empty_completion():
    for output in (..., None, {"choices": []}, {"completion": ""}):
        state = state_of(output=output)
        assert (state.completion, state.output.completion) == ("", "")
    assert state_of(output=None).output.empty


def test_attributes_can_be_assigned():
    state = state_of()
    state.output.completion = "43"
    state.metadata["x"] = 1
    state.store.set("y", 2)
    state.scores = None
    assert (state.completion, state.metadata["x"], state.store["y"], state.scores) == ("43", 1, 2, None)
    other = state_of()
    other.output = ModelOutput.from_content("m", "new")
    assert other.completion == "new"


def test_a_stored_completion_wins_when_it_is_not_empty():
    output = {"choices": SAMPLE["output"]["choices"], "completion": "stored"}
    assert state_of(output=output).completion == "stored"
    assert state_of(output={**output, "completion": ""}).completion == "4\n2"
    assert state_of(output={**output, "time": float("nan")}).completion == "stored"


def test_attachments_are_put_back_into_what_a_scorer_reads():
    message = {"role": "user", "content": [{"type": "image", "image": "attachment://abc"}]}
    state = state_of(input=[message], output={"completion": "attachment://abc"})
    assert state.input[0].content[0].image == "a long text"
    assert state.completion == "a long text"
    assert state.input_text == "[image]"
    assert state_of(output={"completion": "attachment://unknown"}).completion == "attachment://unknown"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("target", 3, '"target" must be a string or a list of strings, found 3.'),
        ("target", ["a", None], '"target" must be a string or a list of strings, found a list of 2.'),
        ("target", ..., '"target" is missing.'),
        ("target", None, '"target" is missing.'),
        ("output", [1], '"output" is not valid: .* found a list of 1.'),
        ("output", 3, '"output" is not valid: .* found 3.'),
        ("output", {"completion": 3}, '"output.completion" is not valid: .* found 3.'),
        ("messages", [{"role": "robot", "content": ""}], '"messages.0" is not valid: .*robot'),
        ("input", 3, '"input.str" is not valid: .* found 3.'),
        ("input", ..., '"input" is missing.'),
        ("choices", "ab", "\"choices\" must be a list of strings, found the string 'ab'."),
        ("metadata", [1], '"metadata" must be an object, found a list of 1.'),
        ("sample_id", ..., '"id" is missing.'),
        ("epoch", "one", "\"epoch\" must be an integer, found the string 'one'."),
        ("uuid", 3, '"uuid" must be a string, found 3.'),
        ("scores", {"a": {}}, '"scores.a.value" is not valid: field required'),
    ],
)
def test_an_unexpected_type_names_the_field_and_what_was_found(field, value, message):
    key = "id" if field == "sample_id" else field
    with pytest.raises(SampleError, match=message) as caught:
        getattr(state_of(**{key: value}), field)
    assert caught.value.field.partition(".")[0] == key
    assert str(caught.value).startswith("Sample ")


def test_the_sample_of_an_error_is_named_as_the_log_names_it():
    with pytest.raises(SampleError, match=r'^Sample "s1", epoch 2: '):
        _ = state_of(target=1.5).target


def test_an_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="colour"):
        _ = state_of().colour
    with pytest.raises(AttributeError):
        _ = TaskState().colour


def test_a_state_can_be_copied_and_pickled_before_and_after_reading():
    state = state_of()
    assert copy.deepcopy(state).completion == pickle.loads(pickle.dumps(state)).completion == "4\n2"
    _ = state.messages, state.output
    assert pickle.loads(pickle.dumps(copy.copy(state))).messages[0].text == "6 * 7?"


def test_plain_construction_for_tests():
    messages = [ChatMessageUser(content="hi"), ChatMessageAssistant(content="42")]
    store = {"a": [1]}
    state = TaskState(
        "m/x", "s", 3, "hi", messages, target="42", output="42", choices=["x"], metadata={"k": 1}, store=store
    )
    assert (state.sample_id, state.epoch, state.messages, state.metadata) == ("s", 3, messages, {"k": 1})
    assert (state.completion, state.target.text, state.choices[0].value, state.completed) == ("42", "42", "x", False)
    state.store["a"].append(2)
    assert store == {"a": [1]}
    assert TaskState(output="yes").messages[-1].text == "yes"
    assert TaskState().messages[-1].role == "user"


def test_input_without_a_user_has_no_input_text():
    state = state_of(input=[{"role": "system", "content": "x"}], messages=[])
    with pytest.raises(ValueError, match="no user message"):
        _ = state.input_text
    with pytest.raises(ValueError, match="no user message"):
        _ = state.user_prompt


def test_a_messages_text_can_be_replaced_around_its_media():
    message = ChatMessageUser(content=[ContentImage(image="i"), ContentText(text="a"), ContentText(text="b")])
    message.text = "new"
    assert [part.type for part in message.content] == ["image", "text"]
    assert (message.text, len(message.content_list)) == ("new", 2)
    plain = ChatMessageUser(content="a")
    plain.text = "b"
    assert (plain.content, plain.content_list[0].text) == ("b", "b")


PARTS = st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=5)}) | st.fixed_dictionaries(
    {"type": st.just("reasoning"), "reasoning": st.text(max_size=5)}
)
OUTPUTS = st.fixed_dictionaries(
    {},
    optional={
        "completion": st.text(max_size=5),
        "choices": st.lists(
            st.fixed_dictionaries(
                {
                    "message": st.fixed_dictionaries(
                        {"role": st.just("assistant"), "content": st.text(max_size=5) | st.lists(PARTS, max_size=3)}
                    )
                }
            ),
            max_size=2,
        ),
        "time": st.floats(),
        "usage": st.none() | st.fixed_dictionaries({"input_tokens": st.integers(0, 9)}),
    },
)


@settings(max_examples=300)
@given(OUTPUTS)
def test_completions_are_those_of_inspects_model(output):
    reference = InspectOutput.model_validate(output).completion
    state = state_of(output=output)
    assert (state.completion, state.output.completion, state_of(output=output).output.completion) == (reference,) * 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ["input", "target", "choices", "messages", "output", "metadata", "store", "scores"]


@settings(max_examples=300)
@given(st.sampled_from(FIELDS), JSON)
def test_any_json_in_a_field_is_read_or_refused_with_the_one_error(field, value):
    try:
        getattr(state_of(**{field: value}), field)
    except SampleError as error:
        assert error.field.partition(".")[0] == field


@settings(max_examples=200)
@given(st.binary(max_size=20), st.sampled_from([*FIELDS, "id", "epoch", "uuid"]))
def test_bytes_that_are_no_json_are_refused_with_the_one_error(text, field):
    state = TaskState.from_sample({**stored(), field: text})
    try:
        _ = getattr(state, "sample_id" if field == "id" else field), state.completion
    except SampleError as error:
        assert error.field.partition(".")[0] in {field, "output", "id"}


@settings(max_examples=100)
@given(st.sampled_from(["target", "choices"]), JSON)
def test_what_inspects_sample_accepts_is_accepted(field, value):
    try:
        reference = EvalSample.model_validate({**SAMPLE, "scores": None, "events": [], field: value})
    except ValueError:
        return
    state = state_of(**{field: value})
    if field == "target":
        accepted = reference.target
        assert state.target.target == ([accepted] if isinstance(accepted, str) else accepted)
    else:
        assert [c.value for c in state.choices] == (reference.choices or [])
