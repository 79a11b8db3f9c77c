"""A run's state is a function of its rows, and its ledger of nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally_helpers import METRICS, NAN, canonical, completed, dead, run_of, runs, same_numbers, scored, seen, started

from evalstream.streams.tally.rows import FAILED, NO_SCORE, ScoreRow


@given(st.data())
def test_neither_order_nor_repetition_nor_the_time_of_start_and_end_matter(data):
    rows = data.draw(runs())
    steps = [started(), *rows, completed(len(rows))]
    again = data.draw(st.lists(st.sampled_from(steps), max_size=10))
    assert seen(run_of(data.draw(st.permutations(steps + again)))) == seen(run_of(steps))


@given(runs())
def test_running_rows_equal_final_rows_over_the_same_scores(rows):
    run = run_of([started(), *rows])
    results = run.finish().results
    assert results is not None
    final = canonical([row.as_json() for row in results.scores])
    assert same_numbers(canonical([row.as_json() for row in run.running_rows()]), final)


@given(runs(), st.integers(0, 12))
def test_a_run_balances_when_each_scorer_accounts_for_each_sample(rows, expected):
    run = run_of([started(), *rows, completed(expected)])
    dead_ones = {row.identity for row in rows if not isinstance(row, ScoreRow)}
    outcomes = [[r for r in rows if isinstance(r, ScoreRow) and r.slot == slot] for slot in range(len(METRICS))]
    assert run.balances() == all(len(of_slot) + len(dead_ones) >= expected for of_slot in outcomes)
    for entry, of_slot in zip(run.ledger(), outcomes, strict=True):
        assert entry.failed == sum(row.outcome == FAILED for row in of_slot)
        assert entry.received == entry.scored + entry.failed + entry.dead_lettered == len(of_slot) + len(dead_ones)


@pytest.mark.parametrize("missing", ["start", "end"])
def test_nothing_balances_before_the_eval_has_started_and_ended(missing):
    steps = [started(METRICS[:1]), scored(), completed(1)]
    assert run_of(steps).balances()
    assert not run_of(s for s in steps if s is not steps[0 if missing == "start" else 2]).balances()


def test_zero_unscored_and_no_score_are_three_things():
    rows = [scored(1, 0), scored(2, NAN), scored(3, None, outcome=NO_SCORE), scored(4, "E: m", outcome=FAILED)]
    run = run_of([started(METRICS[:1], epochs=1), *rows, completed(4)])
    entry = run.ledger()[0]
    assert (entry.scored, entry.unscored, entry.failed, entry.received) == (3, 2, 1, 4)
    row = run.results().scores[0]
    assert (row.scored_samples, row.unscored_samples, row.metrics["accuracy"].value) == (1, 1, 0.0)


def test_samples_whose_epochs_are_missing_are_told():
    run = run_of([started(METRICS[:1]), scored(1, 1, 1), scored(2, 1, 1), scored(2, 0, 2)])
    assert run.partial() == 1
    run.apply(scored(1, 1, 2))
    assert run.partial() == 0


def test_of_two_rows_for_one_score_the_first_counts():
    run = run_of([started(METRICS[:1]), scored(1, "C", score=3), scored(1, "I", score=4)])
    assert run.duplicates == 1
    assert run.running_rows()[0].metrics["accuracy"].value == 1.0
    assert list(run.columns[0].offsets) == [3]


def test_a_dead_record_that_is_published_twice_is_one_dead_letter():
    run = run_of([started(METRICS[:1]), dead(1, "same"), dead(7, "same"), scored(1), completed(3)])
    assert run.ledger()[0].dead_lettered == 1
    assert not run.balances()
    run.apply(scored(2))
    assert run.balances()


def test_a_second_start_or_end_changes_nothing():
    run = run_of([started(METRICS[:1], expected=5), started(METRICS, expected=6)])
    assert (len(run.ledger()), run.expected) == (1, 5)
    run.complete(completed(7))
    run.complete(completed(8))
    assert run.expected == 7


def test_an_unknown_metric_is_a_problem_of_the_run_and_its_samples_are_counted_all_the_same():
    start = started([[{"name": "nobody_knows", "options": {}}], METRICS[0]], epochs=1)
    run = run_of([start, completed(1)])
    assert not run.balances()
    assert [entry.scorer for entry in run.ledger()] == ["s0", "s1"]
    for slot in range(2):
        run.apply(scored(1, "E: m", slot=slot, outcome=FAILED))
    assert run.balances()
    assert run.running_rows() == []
    assert "nobody_knows" in (run.problem or "")
    assert run.finish().error == run.problem


def test_a_metric_that_fails_at_the_end_is_part_of_the_outcome():
    run = run_of([started(METRICS[1:2], epochs=1), scored(1, metadata={}), completed(1)])
    assert math.isnan(run.running_rows()[0].metrics["stderr"].value)
    assert "stderr" in (run.finish().error or "")


def test_names_are_those_that_most_samples_have_and_a_tie_goes_by_name():
    rows = [scored(1, scorer="match1"), scored(2, scorer="match"), scored(3, scorer="zeta"), scored(4, scorer="match1")]
    assert run_of(rows).names() == ["match1"]
    assert run_of(rows[:3]).names() == run_of(rows[2::-1]).names() == ["match"]


def test_a_row_of_a_later_scorer_may_be_the_first_to_come():
    run = run_of([scored(1, slot=1)])
    assert [(entry.scorer, entry.received) for entry in run.ledger()] == [("scorer0", 0), ("s1", 1)]


def test_metadata_that_differ_between_epochs_are_those_of_the_first():
    one, other = {"c": "x", "g": "g1"}, {"c": "x", "g": "g2"}
    rows = [scored(1, 1, 1, metadata=one), scored(1, 0, 2, metadata=other)]
    for order in (rows, rows[::-1]):
        values = run_of([started(METRICS[1:2]), *order]).running_rows()[0].metrics
        assert values["g1"].value == 0.5
        assert "g2" not in values


def test_scores_of_scorers_that_the_eval_does_not_have_are_left_out():
    steps = [started(METRICS[:1], epochs=1), scored(1), scored(1, slot=1), completed(1)]
    assert seen(run_of(steps)) == seen(run_of(steps[::-1])) == seen(run_of([steps[0], steps[1], steps[3]]))


def test_a_headline_that_makes_no_sense_is_part_of_the_outcome():
    run = run_of([started(METRICS[:1], header={"eval": {"headline_metric": 5}}), scored(1), completed(1)])
    assert "HeadlineMetric" in (run.finish().error or "")
