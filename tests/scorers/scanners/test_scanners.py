"""Scanners as scorers: what a scanner sees, and what becomes of its results."""

import asyncio
import json

import inspect_scout
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import ChatMessageUser as InspectUser
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Target as InspectTarget
from inspect_ai.solver import TaskState as InspectState
from scanner_helpers import names, talk

from evalstream.scorers import (
    InvalidMetricsError,
    InvalidOptionError,
    ModelEvent,
    Reference,
    Result,
    SampleError,
    TaskState,
    Transcript,
    accuracy,
    as_scorer,
    as_scorers,
    jsontext,
    match,
    mean,
    multi_scorer,
    run_now,
    scanner,
)
from evalstream.scorers.results import ScorerInfo
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.scorer import metrics_of

NAN = float("nan")

_loop = asyncio.new_event_loop()


def facts(score):
    """A score as a log has it."""
    return None if score is None else json.loads(score.model_dump_json(exclude_none=True))


def both(results):
    """What our scorer, and that of inspect-scout, make of the same results of a scanner."""

    def made(module):
        @module.scanner(messages="all")
        def echoes():
            async def scan(transcript: module.Transcript) -> module.Result:
                fields = json.loads(json.dumps(results))  # as every call of a real one would, make new objects
                if isinstance(fields, list):
                    return [module.Result(**item) for item in fields]
                return module.Result(**fields)

            return scan

        return echoes()

    state = TaskState(input="Why?", output="x", target="y")
    their_state = InspectState(
        ModelName("m/m"), 1, 1, "Why?", [InspectUser(content="Why?")], InspectTarget("y"),
        output=ModelOutput(model="m/m", completion="x"),
    )  # fmt: skip
    outcomes = []
    import evalstream.scorers as own

    for scorer, of in ((as_scorer(made(own)), state), (inspect_scout.as_scorer(made(inspect_scout)), their_state)):
        try:
            outcomes.append(facts(_loop.run_until_complete(scorer(of, of.target))))
        except RuntimeError as error:
            assert "label" in str(error)
            outcomes.append("no label")
    return outcomes


scalars = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-1, 1), st.sampled_from(["C", "", "é"]))
json_values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
references = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["message", "event"]), "id": st.just("m1")}, optional={"cite": st.just("[M1]")}
    ),
    max_size=2,
)
fields = st.fixed_dictionaries(
    {"value": json_values},
    optional={
        "answer": st.sampled_from(["", "a"]),
        "explanation": st.sampled_from(["", "e"]),
        "metadata": st.sampled_from([{}, {"k": [1, None]}]),
        "references": references,
        "label": st.sampled_from(["x", "y"]),
    },
)


@settings(max_examples=100)
@given(st.one_of(fields, st.lists(fields, max_size=4)))
def test_results_become_the_scores_that_inspect_scout_makes_of_them(results):
    mine, reference = both(results)
    assert jsontext.dumps(mine) == jsontext.dumps(reference)


@pytest.mark.parametrize(
    ("results", "score"),
    [
        ({"value": None}, None),
        ({"value": None, "references": [{"type": "message", "id": "m"}]}, None),
        ([], {"value": {}, "history": []}),
        ([{"label": "a", "value": [1]}, {"label": "a", "value": 2}], {"value": {"a": "[\n  1\n]"}, "history": []}),
        ([{"value": 1}], "no label"),
    ],
)
def test_edges(results, score):
    assert both(results) == [score, score]


def test_what_says_something_without_a_value_is_unscored():
    (score, reference) = both({"value": None, "explanation": "cannot be told"})
    assert score["value"] != score["value"]
    assert score["explanation"] == reference["explanation"] == "cannot be told"
    assert score["metadata"] == reference["metadata"] == {"scanner_references": []}


def seen(state, **reads):
    """The transcript that a scanner sees."""
    shown = []

    @scanner(**reads)
    def looks():
        async def scan(transcript):
            shown.append(transcript)
            return Result(value=1)

        return scan

    run_now(as_scorer(looks())(state, state.target))
    return shown[0]


def test_a_scanner_sees_the_messages_that_it_asks_for():
    assert [m.role for m in seen(talk(), messages="all").messages] == ["system", "user", "assistant"]
    assert [m.role for m in seen(talk(), messages=["assistant", "user"]).messages] == ["user", "assistant"]
    assert seen(talk(), events="all").messages == []


def test_a_scanner_sees_which_sample_it_is():
    transcript = seen(talk(), messages="all")
    assert isinstance(transcript, Transcript)
    assert (transcript.transcript_id, transcript.source_type) == ("id", "eval_log")
    assert transcript.metadata == {
        "id": 7, "epoch": 2, "sample_metadata": {"k": 1}, "target": ["x", "y"], "scores": None
    }  # fmt: skip
    one = TaskState(target="x")
    assert seen(one, messages="all").metadata["target"] == "x"


def stored(events, events_data=None, **members):
    given = {"id": 1, "target": "", "messages": [], "events": events, "events_data": events_data, **members}
    return TaskState.from_sample({key: jsontext.dumps(value) for key, value in given.items()})


POOL = {
    "messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "attachment://1"}],
    "calls": [{"role": "user"}, {"role": "assistant"}],
}


def test_a_scanner_sees_the_events_that_it_asks_for_with_what_the_log_keeps_apart():
    output = {"choices": [{"message": {"role": "assistant", "content": "four"}}]}
    call = {"request": {"model": "m"}, "call_refs": [[0, 2]], "call_key": "inputs", "response": {}}
    events = [
        {"event": "span_begin", "name": "solvers"},
        {"event": "model", "model": "m", "input": [], "input_refs": [[0, 1], [0, 2]], "output": output, "call": call},
        {"event": "tool", "function": "bash", "arguments": {"cmd": "ls"}, "uuid": "t1"},
    ]
    state = stored(events, POOL, attachments={"1": "two"})
    model, tool = seen(state, events=["model", "tool"]).events
    assert isinstance(model, ModelEvent)
    assert [m.text for m in model.input] == ["one", "one", "two"]
    assert model.output.completion == "four"
    assert model.call == {"request": {"model": "m", "inputs": POOL["calls"]}, "response": {}}
    assert (tool.uuid, tool.function, tool.arguments) == ("t1", "bash", {"cmd": "ls"})
    assert len(seen(state, events="all").events) == 3
    assert seen(state, messages="all").events == []
    assert seen(TaskState(), events="all").events == []


@pytest.mark.parametrize("ranges", [[[0]], [[-1, 1]], "x", [["0", "1"]], [[0, 10**9]] * 500_001])
def test_ranges_that_are_none_leave_the_event_as_it_is(ranges):
    pool = {"messages": [{"role": "user", "content": "x"}] * 3}
    (event,) = seen(stored([{"event": "model", "input": [], "input_refs": ranges}], pool), events="all").events
    assert event.input == []


@pytest.mark.parametrize("events", [5, ["x"], {}])
def test_events_that_are_none_are_an_error(events):
    with pytest.raises(SampleError, match='"events" must be a list of objects'):
        seen(stored(events), events="all")


def test_an_event_that_is_wrong_is_named():
    with pytest.raises(SampleError, match=r'"events.1.input.0.*" is not valid'):
        seen(stored([{"event": "info"}, {"event": "model", "input": [{"role": "x"}]}]), events="all")


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        ({}, "say what it reads"),
        ({"messages": ["judge"]}, "list of system, user, assistant, tool, not"),
        ({"messages": "user"}, "list of system, user, assistant, tool, not 'user'"),
    ],
)
def test_a_scanner_must_say_what_it_reads(reads, message):
    with pytest.raises(InvalidOptionError, match=message):
        scanner(**reads)


def test_a_scanner_that_returns_no_result_is_told():
    @scanner(messages="all")
    def wrong():
        async def scan(transcript):
            return 5

        return scan

    with pytest.raises(TypeError, match="must return a Result, or a list of them, and this one returned 5"):
        run_now(as_scorer(wrong())(TaskState(), TaskState().target))


@scanner(messages="all", metrics={"*": [mean()]}, version=2)
def lengths(factor: int = 1):
    async def scan(transcript):
        return [Result(label="messages", value=factor * len(transcript.messages))]

    return scan


def test_metrics_are_mean_and_stderr_unless_told_otherwise():
    @scanner(messages="all")
    def plain():
        async def scan(transcript):
            return Result(value=1)

        return scan

    assert names(metrics_of(as_scorer(plain()))) == ["inspect_ai/mean", "inspect_ai/stderr"]
    assert names(metrics_of(as_scorer(lengths()))["*"]) == ["inspect_ai/mean"]
    assert names(metrics_of(as_scorer(lengths(), metrics=[accuracy()]))) == ["inspect_ai/accuracy"]
    with pytest.raises(InvalidMetricsError):
        as_scorer(lengths(), metrics="mean")
    with pytest.raises(InvalidMetricsError):
        scanner(messages="all", metrics=5)


def test_a_scanner_is_a_scorer_by_its_name_and_its_options():
    info = ScorerInfo.from_scorer(as_scorer(lengths(factor=3)))
    assert (info.name, info.params, info.metadata) == ("lengths", {"factor": 3}, {"version": 2})
    again = create_from_log("scorer", info.name, info.params)
    assert run_now(again(talk(), talk().target)).value == {"messages": 9}
    assert ScorerInfo.from_scorer(again).to_header() == info.to_header()


def test_a_scanner_stands_where_a_scorer_is_asked_for():
    panel = multi_scorer([lengths(), lengths(2)], "mean")
    assert asyncio.run(panel(talk(), talk().target)).value == {"messages": 4.5}
    assert len(as_scorers([lengths(), match()])) == 2
    with pytest.raises(TypeError, match="'match' is a scorer, not a scanner"):
        as_scorer(match())


def test_references_are_plain_data():
    @scanner(messages="all")
    def refers():
        async def scan(transcript):
            return Result(value=1, references=[Reference(type="message", id="m", cite="[M1]")], metadata={"a": 1})

        return scan

    score = run_now(as_scorer(refers())(TaskState(), TaskState().target))
    assert score.metadata == {
        "a": 1, "scanner_references": [{"type": "message", "cite": "[M1]", "id": "m"}]
    }  # fmt: skip
