"""Junk on every topic: the worker goes on, and the eval that is published beside it gets the log that it would have."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import strategies as st
from mutations import disturbed, for_all, hostile, printed
from workers_at_hand import Work, work

from evalstream.streams.claims import ClaimStores
from evalstream.streams.dead_letters.letter import PREFIX, original_headers
from evalstream.streams.errors import CompletionError
from evalstream.streams.events import Source
from evalstream.streams.scoring.completion import CompletionReader
from evalstream.streams.topics import COMPLETIONS, EVALS, METRICS, SCORES
from evalstream.streams.transport.record import NewRecord

SHORT, LONG = 8, 500
JUNK_IN_A_BATCH = 30

SOURCE = Source(topic=COMPLETIONS.name, partition=0, offset=0)
TIME = "2026-01-01T00:00:00+00:00"


def sample(number: int | str) -> dict[str, Any]:
    """A sample with everything in it that scoring and writing look at."""
    message = {"role": "assistant", "content": "2"}
    span = {"id": "a", "timestamp": TIME, "working_start": 1.0}
    return {
        "id": number, "epoch": 1, "input": "1+1?", "target": ["2"], "choices": ["1", "2"],
        "output": {"model": "m", "choices": [{"message": message, "stop_reason": "stop"}], "completion": "2"},
        "messages": [{"role": "user", "content": [{"type": "text", "text": "1+1?"}]}, message], "metadata": {"k": 1},
        "events": [
            {"event": "span_begin", "type": "scorers", "name": "scorers", **span}, {"event": "span_end", **span},
        ],
        "scores": {"match": {"value": "C", "metadata": {}, "history": []}}, "error": None, "error_retries": [],
        "limit": {"type": "x", "reason": "y"}, "model_usage": {}, "store": {}, "attachments": {},
    }  # fmt: skip


def events_of(eval_id: str, action: str) -> dict[str, list[dict[str, Any]]]:
    """Events of a small eval, by topic."""
    metrics = [{"name": "accuracy"}, {"name": "grouped", "options": {"metric": {"name": "mean"}, "group_key": "k"}}]
    scorers = [{"name": "match", "options": {"location": "any"}, "metrics": metrics}, {"name": "includes"}]
    spec = {
        "eval_id": eval_id, "task": eval_id, "task_id": "i", "created": TIME, "config": {"epochs": 1}, "scorers": [],
        "dataset": {"name": "d", "samples": 2, "sample_ids": ["s1", 2]}, "headline_metric": {"scorer": "match"},
    }  # fmt: skip
    header = {"version": 2, "eval": spec, "plan": {}, "results": {"scores": []}, "stats": {}, "tags": []}
    common = {"eval_id": eval_id, "scorers": scorers}
    completion = {"event": "sample_completed", **common, "append": action == "append", "model": "m/x"}
    return {
        EVALS.name: [
            {"event": "eval_started", **common, "header": header, "reducers": ["mean"], "epochs": 1, "expected": 2,
             "order": [["s1", 1], ["2", 1]], "action": action, "log": {"format": "eval", "compression": "zstd"}},
            {"event": "eval_completed", "eval_id": eval_id, "samples": 2, "members": {"x.json": "{}"}, "header": {}},
        ],
        COMPLETIONS.name: [{**completion, "sample": sample("s1")}, {**completion, "sample": sample(2)}],
        SCORES.name: [
            {"event": "score_emitted", "eval_id": eval_id, "score_id": "z", "sample_id": "s1", "epoch": 1, "slot": 0,
             "scorer": "match", "score": {"value": "C", "metadata": {}, "history": []}, "metadata": {"k": 1},
             "source": {"topic": "completions", "partition": 0, "offset": 0}},
            {"event": "sample_dead_lettered", "eval_id": eval_id, "sample": "s1",
             "error": {"type": "T", "message": "m"}, "source": {"topic": "completions", "partition": 0, "offset": 0}},
        ],
        METRICS.name: [{"event": "metrics_updated", "eval_id": eval_id, "final": True}],
    }  # fmt: skip


def records_of(events: dict[str, list[Any]]) -> dict[str, list[NewRecord]]:
    return {topic: [NewRecord(b"k", printed(event)) for event in found] for topic, found in events.items()}


def without_scores(events: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {topic: found for topic, found in events.items() if topic in (EVALS.name, COMPLETIONS.name)}


GOOD = records_of(without_scores(events_of("good", "overwrite")))


def worked(*junk: dict[str, list[NewRecord]]) -> Work:
    """Run a worker on junk, and the good eval's records behind it."""
    topics = {topic: [r for part in (*junk, GOOD) for r in part.get(topic, ())] for topic in KINDS}
    with TemporaryDirectory() as folder:
        return work(topics, Path(folder), "good")


KINDS = {
    EVALS.name: hostile("eval_started", "eval_completed"),
    COMPLETIONS.name: hostile("sample_completed"),
    SCORES.name: hostile("score_emitted", "sample_dead_lettered"),
    METRICS.name: hostile("metrics_updated"),
}
"""Junk for each topic that a worker reads; any of it may come on another topic, too."""


@pytest.fixture(scope="module")
def undisturbed() -> bytes:
    (log,) = worked().logs.values()
    return log


def log_of_good(done: Work) -> bytes:
    (log,) = (data for name, data in done.logs.items() if "_good_" in name)
    return log


def unreadable(values: list[bytes]) -> list[bytes]:
    reader, found = CompletionReader(ClaimStores()), []
    for value in values:
        try:
            reader.read(value, SOURCE)
        except CompletionError:
            found.append(value)
    return found


_junk = st.lists(
    st.tuples(
        st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)), st.none() | st.binary(max_size=9),
    ).flatmap(lambda t: st.tuples(st.just(t[0]), KINDS[t[1]], st.just(t[2]))),
    min_size=1, max_size=JUNK_IN_A_BATCH,
)  # fmt: skip


def survives_junk(undisturbed: bytes):
    def check(junk: list[tuple[str, bytes, bytes | None]]) -> None:
        headers = (("theirs", b"\xff\0"),)
        records = {topic: [NewRecord(k, v, headers) for t, v, k in junk if t == topic] for topic in KINDS}
        done = worked(records)
        assert log_of_good(done) == undisturbed
        dead = [
            record for record in done.letters
            if (f"{PREFIX}stage", b"decode") in record.headers
        ]  # fmt: skip
        sent = [(r.key, r.value or b"") for r in records[COMPLETIONS.name]]
        refused = unreadable([value for _, value in sent])
        assert [(r.key, r.value) for r in dead] == [(k, v) for k, v in sent if v in refused]
        assert all(original_headers(record.headers) == headers for record in dead)

    return check


def survives_an_eval(undisturbed: bytes):
    def check(events: dict[str, list[Any]]) -> None:
        assert log_of_good(worked(records_of(events))) == undisturbed

    return check


@st.composite
def _disturbed_evals(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Make an eval that is whole but for a few fields of one of its events."""
    events = events_of("bad", draw(st.sampled_from(["append", "overwrite"])))
    topic = draw(st.sampled_from(sorted(events)))
    at = draw(st.integers(0, len(events[topic]) - 1))
    events[topic][at] = draw(disturbed([events[topic][at]]))
    return events if topic == SCORES.name or draw(st.booleans()) else without_scores(events)


def test_junk_on_every_topic_costs_nobody_else_anything(undisturbed: bytes):
    for_all(_junk, survives_junk(undisturbed), SHORT)


def test_an_eval_with_a_few_wrong_fields_costs_nobody_else_anything(undisturbed: bytes):
    for_all(_disturbed_evals(), survives_an_eval(undisturbed), 3 * SHORT)


@pytest.mark.soak
def test_junk_on_every_topic_costs_nobody_else_anything_for_long(undisturbed: bytes):
    for_all(_junk, survives_junk(undisturbed), LONG, fresh=True)


@pytest.mark.soak
def test_an_eval_with_a_few_wrong_fields_costs_nobody_else_anything_for_long(undisturbed: bytes):
    for_all(_disturbed_evals(), survives_an_eval(undisturbed), 3 * LONG, fresh=True)


FOUND: dict[str, tuple[str, int, str, Any]] = {
    "an offset that no partition has": (SCORES.name, 0, "source.offset", 2**64),
    "a partition that no topic has": (SCORES.name, 0, "source.partition", 10**400),
    "a record that is not there": (SCORES.name, 0, "source.offset", 2**61),
    "an epoch that no column holds": (SCORES.name, 0, "epoch", 2**63),
    "a slot that no run has": (SCORES.name, 0, "slot", 2**40),
    "a slot before the first": (SCORES.name, 0, "slot", -1),
    "an id of more digits than Python reads": (SCORES.name, 0, "sample_id", "1" * 5000),
    "a limit that is no object": (COMPLETIONS.name, 0, "sample.limit", False),
    "scores that are no object": (COMPLETIONS.name, 0, "sample.scores", "grader.py@grade"),
    "a score that is no object": (COMPLETIONS.name, 0, "sample.scores", {"match": 5}),
    "a score's metadata that is a text": (COMPLETIONS.name, 0, "sample.scores.match.metadata", "http://127.0.0.1:9/x"),
    "retries that are no list": (COMPLETIONS.name, 0, "sample.error_retries", 5e-324),
    "an event's id of more digits than Python reads": (
        COMPLETIONS.name, 0, "sample.events", [{"event": "span_end", "id": "@integer of 5000 digits@"}],
    ),
    "half of a surrogate pair as id": (COMPLETIONS.name, 0, "sample.id", "\ud83d"),
    "half of a surrogate pair as a scorer's name": (COMPLETIONS.name, 0, "scorers", [{"name": "\ud83d"}]),
    "more scorers than anybody has": (COMPLETIONS.name, 0, "scorers", [1] * 100_000),
    "more scorers than anybody has, at the start": (EVALS.name, 0, "scorers", [{"name": "match"}] * 100_000),
}  # fmt: skip


@pytest.mark.parametrize("action", ["append", "overwrite"])
@pytest.mark.parametrize("found", FOUND)
def test_what_once_ended_a_worker_costs_its_own_eval_only(undisturbed: bytes, found: str, action: str):
    topic, at, path, value = FOUND[found]
    events = json.loads(json.dumps(events_of("bad", action)))
    events = {
        name: [event for event in found if event["event"] != "sample_dead_lettered"] for name, found in events.items()
    }
    *parents, key = path.split(".")
    place = events[topic][at]
    for parent in parents:
        place = place[parent]
    place[key] = value
    survives_an_eval(undisturbed)(events if topic == SCORES.name else without_scores(events))
