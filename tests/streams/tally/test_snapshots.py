"""When metrics are published: now and then, less often if they are dear, and once at the end."""

from __future__ import annotations

import math

import pytest
from tally_helpers import METRICS, NAN, built_in, completed, run_of, scored, started

from evalstream.scorers.metric import metric
from evalstream.scorers.score import SampleScore
from evalstream.streams.events import LogMaterialised
from evalstream.streams.tally.snapshots import SLOWDOWN, Snapshots


class Clock:
    """Time that goes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_first_scores_are_shown_at_once_and_the_next_after_the_interval(clock: Clock):
    snapshots, run = Snapshots(0.5, clock), run_of([started(METRICS[:1]), scored(1)])
    first = snapshots.of(run)
    assert first is not None
    assert (first.final, first.partial_samples, first.scores[0]["metrics"]["accuracy"]["value"]) == (False, 1, 1.0)
    run.apply(scored(2, "I"))
    clock.now += 0.49
    assert snapshots.of(run) is None
    clock.now += 0.02
    second = snapshots.of(run)
    assert second is not None
    assert second.scores == run.rows
    assert second.scores[0]["metrics"]["accuracy"]["value"] == 0.5
    assert second.ledger[0].scored == 2


def test_runs_do_not_hold_each_other_up(clock: Clock):
    snapshots, one, other = Snapshots(0.5, clock), run_of([scored(1)]), run_of([scored(1)])
    other.run_id = "rescore"
    assert [snapshots.of(run) is not None for run in (one, other, one, other)] == [True, True, False, False]


def test_a_dear_snapshot_is_followed_by_a_long_pause(clock: Clock):
    @metric
    def dear():
        def compute(scores: list[SampleScore]) -> float:
            clock.now += 2.0
            return 1.0

        return compute

    run = run_of([started([[{"name": "dear", "options": {}}]]), scored(1)])
    snapshots = Snapshots(0.5, clock)
    assert snapshots.of(run) is not None
    clock.now += 2.0 * SLOWDOWN - 2.1
    assert snapshots.of(run) is None
    clock.now += 0.2
    assert snapshots.of(run) is not None


def test_the_final_snapshot_comes_once_and_at_once(clock: Clock):
    snapshots, run = Snapshots(0.5, clock), run_of([started(METRICS[:1], epochs=1), scored(1)])
    assert snapshots.of(run) is not None
    run.complete(completed(1))
    final = snapshots.of(run)
    assert final is not None
    assert final.final
    assert final.scores == [row.as_json() for row in run.results().scores]
    clock.now += 100
    assert snapshots.of(run) is None


def test_the_final_snapshot_waits_for_the_ledger(clock: Clock):
    snapshots, run = Snapshots(0.5, clock), run_of([started(METRICS[:1]), completed(2), scored(1)])
    first = snapshots.of(run)
    assert first is not None
    assert not first.final
    run.apply(scored(2))
    last = snapshots.of(run)
    assert last is not None
    assert last.final


def test_metrics_of_users_are_computed_anew_and_right_at_the_end(clock: Clock):
    rows = [scored(i, score=i) for i in (1, 3, 4, 2)]
    run = run_of([started([[{"name": "longest_answer", "options": {}}]], epochs=1), *rows])
    running = Snapshots(0.0, clock).of(run)
    run.complete(completed(4))
    final = Snapshots(0.0, clock).of(run)
    for update in (running, final):
        assert update is not None
        assert update.scores[0]["metrics"]["longest_answer"]["value"] == 5.0


def test_a_metric_of_users_that_fails_on_what_there_is_so_far_is_nan(clock: Clock):
    @metric
    def impatient():
        def compute(scores: list[SampleScore]) -> float:
            if len(scores) < 2:
                raise ValueError("too few")
            return float(len(scores))

        return compute

    run = run_of([started([[{"name": "impatient", "options": {}}, built_in("mean")]], epochs=1), scored(1, NAN)])
    snapshots = Snapshots(0.0, clock)
    update = snapshots.of(run)
    assert update is not None
    assert math.isnan(update.scores[0]["metrics"]["impatient"]["value"])
    run.apply(scored(2, 1))
    run.apply(scored(3, 0))
    run.complete(completed(3))
    final = snapshots.of(run)
    assert final is not None
    assert final.scores[0]["metrics"]["impatient"]["value"] == 2.0


def test_a_run_whose_log_is_written_has_been_told_of(clock: Clock):
    run = run_of([started(METRICS[:1]), scored(1), completed(1)])
    run.materialised = LogMaterialised(
        eval_id="e", location="x.eval", sha256="0", status="success", ledger=run.ledger()
    )
    assert Snapshots(0.0, clock).of(run) is None
