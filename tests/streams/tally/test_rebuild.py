"""Rebuilding from the table of segments gives the state that was lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tally_helpers import METRICS, Scores, completed, run_of, runs, scored, seen, started

from evalstream.streams.events import LogMaterialised
from evalstream.streams.tally.keys import state_key
from evalstream.streams.tally.rows import decode_segment, encode_segment
from evalstream.streams.tally.runs import Runs


def rebuilt(rows: list, table: dict[bytes, bytes]) -> Runs:
    made = Runs(lambda _, offset: Scores(rows).load(offset))
    made.rebuild([table])
    return made


@given(st.data())
def test_segments_of_several_owners_in_any_order_give_the_state_of_one(data):
    rows = data.draw(runs())
    run = run_of([started(), *rows, completed(len(rows))])
    records = {
        state_key(run, "start"): started().to_bytes(),
        state_key(run, "complete"): completed(len(rows)).to_bytes(),
    }
    number = 0
    for _ in range(data.draw(st.integers(1, 2))):  # each owner cuts the same rows into batches of its own
        cuts = sorted(data.draw(st.lists(st.integers(0, len(rows)), max_size=4)))
        for begin, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
            records[state_key(run, "rows", number)] = encode_segment(rows[begin:end])
            number += 1
    table = dict(data.draw(st.permutations(list(records.items()))))
    again = rebuilt(rows, table).get("e", "live")
    assert seen(again) == seen(run)


@given(runs())
def test_a_segment_reads_as_it_was_written(rows):
    assert repr(decode_segment(encode_segment(rows))) == repr(rows)


def test_a_rebuilt_run_goes_on_where_it_stopped():
    rows = [scored(i, score=i) for i in range(4)]
    whole = run_of([started(METRICS[:1]), *rows, completed(4)])
    table = {state_key(whole, "rows", 0): encode_segment(rows[:2]), state_key(whole, "start"): started().to_bytes()}
    run = rebuilt(rows, table).get("e", "live")
    assert [run.apply(row) for row in rows] == [False, False, True, True]


def test_runs_are_told_apart_and_a_written_log_is_remembered():
    live, again = run_of([]), run_of([])
    again.run_id = "rescore"
    ledger = run_of([scored(1), scored(2)]).ledger()
    log = LogMaterialised(eval_id="e", run_id="rescore", location="x.eval", sha256="0", status="success", ledger=ledger)
    table = {
        state_key(live, "rows", 0): encode_segment([scored(1)]),
        state_key(again, "rows", 0): encode_segment([scored(1), scored(2)]),
        state_key(again, "log"): log.to_bytes(),
    }
    made = rebuilt([], table)
    assert {(run.run_id, run.received) for run in made} == {("live", 1), ("rescore", 2)}
    assert [run.run_id for run in made.unfinished()] == ["live"]
    assert made.get("e", "rescore").materialised == log


def test_an_eval_whose_scorer_is_unknown_does_not_keep_others_from_being_rebuilt():
    unknown = started([[{"name": "nobody_knows", "options": {}}]], eval_id="a")
    bad, good = run_of([]), run_of([])
    bad.eval_id = "a"
    table = {
        state_key(bad, "start"): unknown.to_bytes(),
        state_key(bad, "rows", 0): encode_segment([scored(1)]),
        state_key(good, "start"): started(METRICS[:1]).to_bytes(),
        state_key(good, "rows", 0): encode_segment([scored(1), scored(2)]),
    }
    made = rebuilt([], table)
    assert "nobody_knows" in (made.get("a", "live").problem or "")
    assert made.get("e", "live").received == 2


def test_rebuilding_forgets_what_was_there_before():
    made = Runs(lambda _, offset: None)
    made.get("e", "live").apply(scored(1))
    made.rebuild([])
    assert list(made) == []
