"""What scores took of models, in a run's state."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from tally_helpers import METRICS, completed, run_of, scored, started

from evalstream.scorers.jsontext import loads
from evalstream.streams.events import ScoreEmitted, Source
from evalstream.streams.tally.rows import FAILED, ScoreRow, decode_segment, encode_segment
from evalstream.streams.tally.score_reader import read_row
from evalstream.streams.tally.usage import MOST_MODELS, UsageSums

ONE = {"m/j": {"calls": 1, "total_tokens": 12, "cost": 0.1}}


def totals(steps: list) -> list[tuple[str, int, float | None]]:
    return [(told.scorer, told.calls, told.cost) for told in run_of([started(METRICS[:2]), *steps]).usage()]


def test_usage_is_summed_by_scorer():
    rows = [scored(1, usage=ONE, score=1), scored(2, usage=ONE, score=2), scored(1, slot=1, usage=ONE, score=3)]
    assert totals([*rows, completed(2)]) == [("s0", 2, 0.2), ("s1", 1, 0.1)]


def test_a_score_that_came_twice_counts_once_and_one_in_place_of_a_failure_instead_of_it():
    failure = scored(1, "E: m", outcome=FAILED, usage={"m/j": {"calls": 3}}, score=1)
    success = scored(1, usage=ONE, score=2)
    for order in ([failure, success, success], [success, failure], [failure, success]):
        assert totals(order) == [("s0", 1, 0.1)]


def test_a_sum_of_costs_does_not_depend_on_the_order():
    rows = [scored(i, usage={"m/j": {"calls": 1, "cost": cost}}, score=i) for i, cost in enumerate((1e5, 1e-7, 0.3))]
    assert totals(rows) == totals(rows[::-1]) == totals([rows[1], rows[0], rows[2]])


def test_rows_without_usage_are_stored_without_it():
    stored = loads(zlib.decompress(encode_segment([scored(1), scored(2, usage=ONE), scored(3, unpaid=True)])))
    assert [len(row) for row in stored] == [10, 12, 12]


def test_segments_of_before_usage_can_be_read():
    row = scored(1)
    assert decode_segment(zlib.compress(b'[[1,1,0,"s0","s","C",[0,0],0,false,{"c":"x","g":"y"}]]')) == [row]


@pytest.mark.parametrize(
    "usage",
    [
        {"m/j": 5},
        {"m/j": [1, {"calls": 10**400}]},
        {"m/j": {"calls": -1, "cost": "much", "role": 5}},
        {"m/j": {"cost": float("nan"), "calls": True}},
        {"m/j": {"input_tokens": 1.5, "cost": -1}},
        {},
    ],
    ids=repr,
)
def test_usage_that_says_nothing_sensible_costs_no_score(usage: Any):
    event = ScoreEmitted(
        eval_id="e", score_id="x", sample_id=1, epoch=1, scorer="s0", slot=0, usage=usage, score={"value": "C"},
        source=Source(topic="c", partition=0, offset=0),
    )  # fmt: skip
    found = read_row(event.to_bytes(), 3)
    row = found[2] if found else ScoreRow.of(ScoreEmitted.model_validate_json(event.to_bytes()), 3)
    run = run_of([started(METRICS[:1]), row])
    assert (run.columns[0].scored, run.usage()) == (1, [])


def test_models_without_number_are_counted_as_one():
    sums = UsageSums()
    for number in range(10 * MOST_MODELS):
        sums.add({f"m/{number}": {"calls": 1}})
    told = sums.told("s")
    assert len(told) == MOST_MODELS + 1
    assert (told[-1].model, told[-1].calls) == ("other", 9 * MOST_MODELS)
