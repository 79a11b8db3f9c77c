"""What a look from outside says of runs, from the records of three topics."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.events import EvalCompleted, EvalStarted, Event, LedgerEntry, LogMaterialised, MetricsUpdated
from evalstream.streams.overview import Overview, RunRow
from evalstream.streams.transport.record import Record

TOPICS = {EvalStarted: "evals", EvalCompleted: "evals", MetricsUpdated: "metrics", LogMaterialised: "logs"}


def entry(received: int, expected: int | None = 10, **counts: int) -> LedgerEntry:
    counts = {"scored": received, "unscored": 0, "failed": 0, "dead_lettered": 0, **counts}
    return LedgerEntry(scorer="match", expected=expected, received=received, **counts)


def started(**fields: Any) -> EvalStarted:
    return EvalStarted(eval_id="e", header={"eval": {"task": "sums", "model": "m/x"}}, **{"expected": 10, **fields})


def completed(**fields: Any) -> EvalCompleted:
    return EvalCompleted(**{"eval_id": "e", "samples": 10, **fields})


def metrics(received: int, **fields: Any) -> MetricsUpdated:
    return MetricsUpdated(**{"eval_id": "e", "ledger": [entry(received)], **fields})


def written(**fields: Any) -> LogMaterialised:
    return LogMaterialised(**{"eval_id": "e", "location": "l.eval", "sha256": "", "status": "success", **fields})


def rows_of(*events: Event, now_ms: int = 0, deadline: float | None = None) -> list[RunRow]:
    """Take events, each a second after the one before, each topic's by itself."""
    overview = Overview()
    for topic in ("logs", "metrics", "evals"):
        for place, event in enumerate(events):
            if TOPICS[type(event)] == topic:
                key = f"{event.eval_id}/{event.run_id}".encode()
                overview.take(topic, [Record(place, key, event.to_bytes(), (), 1000 * (place + 1))])
    return overview.rows(now_ms, deadline)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([started()], "running"),
        ([started(), metrics(3)], "running"),
        ([metrics(3)], "running"),
        ([started(), metrics(3), completed()], "scoring"),
        ([completed()], "scoring"),
        ([started(), completed(), metrics(10, final=True)], "complete"),
        ([started(), completed(), metrics(10, final=True), written()], "written"),
        ([written()], "written"),
    ],
)
def test_a_state_follows_from_what_has_come(events: list[Event], state: str):
    (row,) = rows_of(*events)
    assert row.state == state


def test_only_a_run_that_has_not_ended_is_silent_and_only_after_the_deadline():
    assert rows_of(started(), metrics(3), now_ms=62_000, deadline=60)[0].state == "running"
    assert rows_of(started(), metrics(3), now_ms=62_001, deadline=60)[0].state == "silent"
    assert rows_of(started(), completed(), now_ms=10**9, deadline=60)[0].state == "scoring"


def test_a_row_says_what_is_known():
    scores = [{"name": "match", "metrics": {"accuracy": {"value": 0.5}}}]
    (row,) = rows_of(started(), metrics(4), metrics(7, scores=scores, partial_samples=2))
    assert (row.eval_id, row.run_id, row.task, row.model) == ("e", "live", "sums", "m/x")
    assert (row.received, row.expected, row.partial_samples, row.status, row.log) == (7, 10, 2, None, None)
    assert (row.scores, row.ledger, row.updated_ms) == (scores, [entry(7)], 3000)


def test_the_end_says_how_many_samples_there_are():
    assert rows_of(started(), completed(samples=8), metrics(8))[0].expected == 8
    assert rows_of(started(expected=None))[0].expected is None
    assert rows_of(metrics(2))[0].expected == 10


def test_the_slowest_scorer_says_how_many_have_come():
    (row,) = rows_of(metrics(0, ledger=[entry(9), entry(4)]))
    assert row.received == 4


def test_a_log_has_the_last_word_on_ledger_and_status():
    ledger = [entry(9, failed=1, scored=9)]
    (row,) = rows_of(started(), completed(), metrics(9), written(status="error", ledger=ledger))
    assert (row.status, row.ledger, row.log) == ("error", ledger, "l.eval")


def test_runs_of_one_eval_are_apart_and_the_newest_comes_first():
    rows = rows_of(started(), metrics(1), started(run_id="again"), metrics(2, run_id="again"), metrics(3))
    assert [(row.run_id, row.received) for row in rows] == [("live", 3), ("again", 2)]


def test_of_several_starts_the_first_counts_as_it_does_for_the_tally():
    assert rows_of(started(expected=5), started(expected=7))[0].expected == 5
    assert rows_of(completed(samples=5), completed(samples=7))[0].expected == 5


def test_what_is_no_event_is_passed_over():
    overview = Overview()
    values = [None, b"", b"{", b"[]", b"\xff", b'{"event":"eval_started"}', b'{"event":"other","eval_id":"e"}']
    for topic in ("evals", "metrics", "logs"):
        overview.take(topic, [Record(n, b"%d" % n, value, (), n) for n, value in enumerate(values)])
    assert overview.rows() == []


@given(st.lists(st.integers(0, 10), min_size=1, max_size=20), st.data())
def test_compaction_changes_nothing(counts, data):
    """A broker that keeps only the last record of a key shows the same as one that keeps all."""
    records = []
    for place, count in enumerate(counts):
        event = metrics(count, eval_id=data.draw(st.sampled_from("abc")))
        records.append(Record(place, event.eval_id.encode(), event.to_bytes(), (), place))
    last = {record.key: record for record in records}
    overviews = Overview(), Overview()
    overviews[0].take("metrics", records)
    overviews[1].take("metrics", sorted(last.values()))
    assert overviews[0].rows() == overviews[1].rows()
