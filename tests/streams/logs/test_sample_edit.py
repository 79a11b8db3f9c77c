from __future__ import annotations

import json

import pytest
from inspect_ai import score
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import includes, match
from log_helpers import DATA, members_of, whole_log

from evalstream.scorers.jsontext import JsonTextError, join_object, split_object
from evalstream.streams.logs.sample_edit import NewScore, with_scores

TIME = "2026-11-20T20:31:03.242594+00:00"
SCORE = b'{"value":"C","history":[]}'


def new(name="match", text=SCORE, options=None, score_id="run/1"):
    return NewScore(name, text, options or {}, score_id)


def sample(events, **more) -> dict[str, bytes]:
    whole = {"id": 1, "epoch": 1, "input": "i", "target": "t", "output": {}, "scores": {}, "events": events, **more}
    return split_object(json.dumps(whole).encode())


def event(kind, **more):
    return {"uuid": "u", "timestamp": TIME, "working_start": 1.5, "event": kind, **more}


def span(name, kind="scorers", parent=None, *inside, label="scorers", end=True):
    above = {"parent_id": parent} if parent else {}
    begin = event("span_begin", id=name, span_id=name, type=kind, name=label, **above)
    return [begin, *inside, *([event("span_end", id=name, span_id=name)] if end else [])]


def shape(events, known=("A", "B", "P", "Q")):
    """Tell what happens, without ids and times that differ from run to run."""
    names = {}

    def short(i):
        return i if i in known or i is None else names.setdefault(i, f"new{len(names)}")

    return [
        (e["event"], short(e.get("id")), short(e.get("span_id")), e.get("name"), e.get("type"), e.get("scorer"))
        for e in events
    ]


OLD_SCORE = event("score", span_id="B", score={"value": 1}, target="t", intermediate=False)

PLACES = {
    "no span": [event("info", data="x")],
    "no events": [],
    "an empty span": span("A"),
    "an empty span below another": [*span("P", "p", None, *span("A", "scorers", "P"), label="p")],
    "a full span": span("A", "scorers", None, *span("B", "scorer", "A", OLD_SCORE, label="match")),
    "two spans": [*span("A"), *span("B")],
    "the last span is not the last event": [*span("A"), event("info", data="x")],
    "a span that never ended": span("A", end=False),
    "the name alone is no scorers span": span("A", "other"),
    "the type alone is no scorers span": span("A", "scorers", label="other"),
    "the last span lies deeper": [*span("B"), *span("P", "p", None, *span("A", "scorers", "P"), label="p")],
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """Ask Inspect where it puts the events: one log, a sample for each case."""
    whole = whole_log("b_unscored.eval")
    base = next(s for s in whole["samples"] if s["id"] == 2)
    whole["samples"] = [{**base, "id": name, "epoch": 1, "events": events} for name, events in PLACES.items()]
    path = tmp_path_factory.mktemp("asked") / "log.json"
    path.write_text(json.dumps(whole))
    answers = {}
    for action in ("append", "overwrite"):
        scorers = [match(), includes(ignore_case=False)]
        log = score(read_eval_log(str(path)), scorers, action=action, model="mockllm/model", display="none")
        answers[action] = {s.id: json.loads(s.model_dump_json(exclude_none=True)) for s in log.samples}
    return {s["id"]: s for s in whole["samples"]}, answers


@pytest.mark.parametrize("action", ["append", "overwrite"])
@pytest.mark.parametrize("place", PLACES)
def test_events_stand_where_inspect_puts_them(asked, action, place):
    samples, answers = asked
    answer = answers[action][place]
    scores = [
        new(name, json.dumps(text, separators=(",", ":")).encode(), options, f"{name}-1")
        for (name, text), options in zip(answer["scores"].items(), ({}, {"ignore_case": False}), strict=True)
    ]
    edited = with_scores(split_object(json.dumps(samples[place]).encode()), scores, action)
    events = json.loads(edited["events"])
    assert json.loads(edited["scores"]) == answer["scores"]
    assert shape(events) == shape(answer["events"])
    told, expected = (
        [e for e in some if e["event"] == "score" and "scorer" in e] for some in (events, answer["events"])
    )
    for mine, theirs in zip(told, expected, strict=True):
        assert list(mine) == list(theirs)
        differ = {"uuid", "span_id", "timestamp", "working_start"}
        assert {k: v for k, v in mine.items() if k not in differ} == {
            k: v for k, v in theirs.items() if k not in differ
        }


@pytest.mark.parametrize("name", ["a_scored.eval", "b_unscored.eval", "d_model_graded.eval", "e_choice.eval"])
@pytest.mark.parametrize("action", ["append", "overwrite"])
def test_what_is_not_scoring_stays_letter_for_letter(name, action):
    for member, text in members_of(DATA / name).items():
        if member.startswith("samples/"):
            members = split_object(text)
            edited = with_scores(members, [new(), new("other", score_id="run/2")], action)
            assert list(edited) == list(members)
            assert all(edited[k] == v for k, v in members.items() if k not in ("scores", "events"))
            before, after = json.loads(members["events"]), json.loads(edited["events"])
            if action == "append":
                assert [e for e in after if e in before] == before
            assert sum(e["event"] == "score" and e["scorer"] in ("match", "other") for e in after) >= 2


def test_spans_are_children_of_the_span_they_stand_in():
    events = json.loads(with_scores(sample(span("A", "scorers", "P")), [new()], "append")["events"])
    begin, ours = events[0], events[1]
    assert (begin["id"], ours["parent_id"]) == ("A", "A")
    events = json.loads(with_scores(sample(span("A", "scorers", "P")), [new()], "overwrite")["events"])
    assert events[0]["parent_id"] == "P"
    assert events[1]["parent_id"] == events[0]["id"]
    assert events[0]["span_id"] == events[0]["id"] == events[-1]["span_id"] == events[-1]["id"]


def test_what_ran_beside_the_scorers_is_kept():
    inside = [event("info", span_id="P", data="of P"), event("info", span_id="A", data="of A")]
    deeper = span("B", "scorer", "A", event("score", span_id="B", x=float("nan")), label="m")
    events = [*span("P", "p", label="p", end=False), *span("A", "scorers", None, *inside, *deeper)]
    edited = json.loads(with_scores(sample(events), [new()], "overwrite")["events"])
    assert [e.get("data") for e in edited if e["event"] == "info"] == ["of P"]
    assert sum(e["event"] == "score" for e in edited) == 1


def test_the_same_scores_make_the_same_bytes_and_other_ids_other_events():
    members = sample(span("A"))
    one, again, other = (with_scores(members, [new(score_id=i)], "overwrite") for i in ("x", "x", "y"))
    assert one == again
    assert one["events"] != other["events"]


def test_all_ids_of_a_sample_differ():
    scores = [new(f"s{i}", score_id=f"run/{i}") for i in range(20)]
    events = json.loads(with_scores(sample([]) | {"completed_at": b'"%s"' % TIME.encode()}, scores, "append")["events"])
    assert len({e["uuid"] for e in events}) == len(events) == 62
    assert len({e["id"] for e in events if e["event"] == "span_begin"}) == 21
    assert {len(e["uuid"]) for e in events} == {22}


def test_times_are_the_samples_own():
    for events in ([event("info", timestamp="T")], [event("info", timestamp="T", data={"a": {"b": "}]"}})], span("A")):
        edited = json.loads(with_scores(sample(events), [new()], "append")["events"])
        told = next(e for e in edited if e["event"] == "score")
        assert (told["timestamp"], told["working_start"]) == (events[-1]["timestamp"], 1.5)
    told = json.loads(with_scores(sample([], completed_at="late", started_at="early"), [new()], "append")["events"])[0]
    assert (told["timestamp"], told["working_start"]) == ("late", 0.0)


def test_without_a_time_or_a_list_events_are_left_alone():
    assert with_scores(sample([]), [new()], "append")["events"] == b"[]"
    assert with_scores(sample(None), [new()], "append")["events"] == b"null"
    bare = {"id": b"1", "output": b"{}", "metadata": b"{}"}
    assert list(with_scores(bare, [new()], "append")) == ["id", "output", "scores", "metadata"]
    assert list(with_scores({"id": b"1"}, [new()], "append")) == ["id", "scores"]


@pytest.mark.parametrize("old", [None, {}])
def test_appending_to_nothing_is_writing(old):
    assert with_scores(sample([], scores=old), [new()], "append")["scores"] == b'{"match":%s}' % SCORE


def test_old_scores_keep_their_text_and_new_names_stay_free():
    old = b' { "match" : {"value" : 1.50} , "match1":{} } '
    edited = with_scores({"scores": old}, [new(), new(score_id="2"), new("é")], "append")
    assert edited["scores"].startswith(b'{"match" : {"value" : 1.50} , "match1":{},')
    assert list(json.loads(edited["scores"])) == ["match", "match1", "match2", "match3", "é"]
    assert list(json.loads(with_scores({"scores": old}, [new(), new()], "overwrite")["scores"])) == ["match", "match1"]


def test_the_event_has_the_name_that_the_score_got():
    edited = with_scores(sample(span("A"), scores={"match": {"value": 1}}), [new()], "append")
    told = [e for e in json.loads(edited["events"]) if e["event"] in ("score", "span_begin")]
    assert [e.get("scorer", e.get("name")) for e in told] == ["scorers", "match1", "match1"]


def test_no_new_score_at_all():
    full = span("A", "scorers", None, event("score", span_id="A"))
    members = sample(full, scores={"old": {"value": 1}})
    kept = with_scores(members, [], "append")
    assert kept["scores"].replace(b" ", b"") == b'{"old":{"value":1}}'
    assert json.loads(kept["events"]) == full
    gone = with_scores(members, [], "overwrite")
    assert gone["scores"] == b"{}"
    assert [e["event"] for e in json.loads(gone["events"])] == ["span_begin", "span_end"]
    assert with_scores(sample(span("A")), [], "overwrite")["events"] == sample(span("A"))["events"]


def test_a_target_that_is_a_list_and_usage_are_told():
    members = sample(span("A"), target=["x", "y"], model_usage={"m": {"input_tokens": 1}})
    told = json.loads(with_scores(members, [new(options={"a": [1]})], "append")["events"])[2]
    assert told["target"] == ["x", "y"]
    assert told["scorer_args"] == {"a": [1]}
    assert told["model_usage"] == {"m": {"input_tokens": 1}}


@pytest.mark.parametrize("events", [b"{}", b"[1", b'["scorers"', b'{"scorers":1}'])
def test_events_that_are_no_list_are_an_error(events):
    with pytest.raises(JsonTextError):
        with_scores({"events": events, "completed_at": b'"x"'}, [new()], "append")


@pytest.mark.parametrize(
    "events",
    [
        b'[1,"scorers",{"event":"span_begin","type":"scorers","name":5}]',
        b'["a { b"]',
        b'[{"event":"info","timestamp":7}]',
        b'[{"event":"span_end","id":NaN,"timestamp":"x","working_start":null}]',
        b'[{"x":[{"event":"span_end","timestamp":"inner"}]}]',
        b'[ {"event":"span_begin","id":"A","type":"scorers","name":"scorers","x":NaN},\n'
        b'{"event":"span_end","id":"A"} ]\n',
    ],
)
def test_odd_events_stay_legal_json(events):
    members = {"id": b"1", "events": events, "completed_at": b'"x"'}
    for action in ("append", "overwrite"):
        edited = with_scores(members, [new()], action)
        assert any(isinstance(e, dict) and e.get("event") == "score" for e in json.loads(edited["events"]))
        json.loads(join_object(edited))


def test_inspect_rescores_what_was_scored_here(tmp_path):
    whole = whole_log("b_unscored.eval")
    texts = [json.dumps(s).encode() for s in whole["samples"]]
    whole["samples"] = [json.loads(join_object(with_scores(split_object(t), [new()], "append"))) for t in texts]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(whole))
    log = score(read_eval_log(str(path)), match(), action="append", model="mockllm/model", display="none")
    assert {tuple(s.scores) for s in log.samples} == {("match", "match1")}
