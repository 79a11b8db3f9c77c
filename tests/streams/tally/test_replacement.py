"""A later success replaces a failure, whatever the order in which rows are applied, and metrics follow."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tally_helpers import (
    EPOCHS,
    METRICS,
    VALUES,
    Scores,
    canonical,
    completed,
    dead,
    run_of,
    runs,
    same_numbers,
    scored,
    seen,
    started,
)

from evalstream.streams.events import LogMaterialised
from evalstream.streams.tally.keys import state_key
from evalstream.streams.tally.rows import FAILED, NO_SCORE, SCORED, ReadRow, ScoreRow, decode_segment, encode_segment
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.tally.runs import Runs
from evalstream.streams.tally.snapshots import Snapshots

Rows = list[Any]


@st.composite
def contested(draw: st.DrawFn) -> Rows:
    """Rows of a run, for some scores several of them, at offsets in any order; some dead ones were read again."""
    rows: Rows = draw(runs())
    more: Rows = []
    for row in [row for row in rows if isinstance(row, ScoreRow)]:
        for _ in range(draw(st.integers(0, 2))):
            outcome = draw(st.sampled_from([SCORED, NO_SCORE, FAILED]))
            value: Any = {SCORED: draw(VALUES), FAILED: "E: again"}.get(outcome)
            scorer = draw(st.sampled_from([row.scorer, "other"]))
            metadata = {"c": draw(st.sampled_from(["x", "y"])), "g": "g3"}
            completion = (1, 500 + len(more))
            more.append(
                row._replace(outcome=outcome, value=value, scorer=scorer, metadata=metadata, completion=completion)
            )
    offsets = iter(draw(st.permutations(range(len(rows) + len(more)))))
    both = [row._replace(score=next(offsets)) if isinstance(row, ScoreRow) else row for row in [*rows, *more]]
    read_again = [ReadRow(row.identity) for row in rows if not isinstance(row, ScoreRow) and draw(st.booleans())]
    return both + read_again


def everything(run: RunState) -> dict[str, Any]:
    """All that others see of a run, and which completions its log would be made of."""
    samples = run.samples
    places = sorted(
        zip(map(repr, samples.ids), samples.epochs, samples.partitions, samples.offsets, samples.errored, strict=True)
    )
    keys = [(repr(sample_id), epoch) for sample_id, epoch in zip(samples.ids, samples.epochs, strict=True)]
    offsets = [
        sorted((keys[n], offset) for n, offset in enumerate(column.offsets) if column.has(n)) for column in run.columns
    ]
    return {**seen(run), "completions": places, "scores": offsets}


@given(st.data())
def test_the_state_is_a_function_of_the_set_of_rows(data):
    rows = data.draw(contested())
    steps = [started(), *rows, completed(len(rows))]
    again = data.draw(st.lists(st.sampled_from(steps), max_size=10))
    one = run_of(sorted_by_offset(rows, steps))
    other = run_of(data.draw(st.permutations(steps + again)))
    assert everything(other) == everything(one)


def sorted_by_offset(rows: Rows, steps: list[Any]) -> list[Any]:
    scores = sorted((row for row in rows if isinstance(row, ScoreRow)), key=lambda row: row.score)
    return [steps[0], *scores, *(row for row in rows if not isinstance(row, ScoreRow)), steps[-1]]


@given(contested())
def test_the_first_that_a_scorer_said_counts_else_its_first_failure(rows):
    run = run_of([started(), *rows])
    for slot in range(len(METRICS)):
        winners: dict[Any, ScoreRow] = {}
        for row in sorted((r for r in rows if isinstance(r, ScoreRow) and r.slot == slot), key=lambda r: r.score):
            key = (repr(row.sample_id), row.epoch)
            if key not in winners or (winners[key].outcome == FAILED != row.outcome):
                winners[key] = row
        entry = run.ledger()[slot]
        outcomes = [row.outcome for row in winners.values()]
        assert entry.failed == outcomes.count(FAILED)
        assert entry.scored == outcomes.count(SCORED) + outcomes.count(NO_SCORE)


@given(st.data())
def test_running_rows_equal_final_rows_after_any_replacement(data):
    rows = data.draw(contested())
    run = run_of(data.draw(st.permutations([started(), *rows])))
    results = run.finish().results
    assert results is not None
    final = canonical([row.as_json() for row in results.scores])
    assert same_numbers(canonical([row.as_json() for row in run.running_rows()]), final)


@given(st.data())
def test_rebuilding_from_the_rows_that_changed_something_gives_the_live_state(data):
    rows = data.draw(contested())
    live = RunState("e", "live", Scores(rows).load)
    live.start(started())
    kept = [row for row in data.draw(st.permutations(rows)) if live.apply(row)]
    live.complete(completed(len(rows)))
    cut = data.draw(st.integers(0, len(kept)))
    table = {
        state_key(live, "start"): started().to_bytes(),
        state_key(live, "complete"): completed(len(rows)).to_bytes(),
        # The second segment before the first, as a table may hand them out, and a bit of one twice.
        state_key(live, "rows", 1): encode_segment(kept[cut:]),
        state_key(live, "rows", 2): encode_segment(kept[:cut]),
        state_key(live, "rows", 3): encode_segment(kept[: cut // 2]),
    }
    made = Runs(lambda _, offset: Scores(rows).load(offset))
    made.rebuild([table])
    assert everything(made.get("e", "live")) == everything(live)


def test_a_segment_keeps_rows_that_say_what_was_read_again():
    assert decode_segment(encode_segment([ReadRow("5f2b"), dead(3)])) == [ReadRow("5f2b"), dead(3)]


def failed_then(outcome: str, value: Any = None) -> RunState:
    rows = [scored(1, "E: m", outcome=FAILED, score=3), scored(1, value, outcome=outcome, score=9)]
    return run_of([started(METRICS[:1], epochs=1), *rows, completed(1)])


def test_a_success_takes_a_sample_out_of_the_failed_ones():
    run = failed_then(SCORED, "C")
    (entry,) = run.ledger()
    assert (entry.scored, entry.failed, entry.received) == (1, 0, 1)
    assert run.running_rows()[0].metrics["accuracy"].value == 1.0
    assert run.balances()
    assert failed_then(NO_SCORE).ledger()[0].unscored == 1


def test_neither_a_failure_nor_another_success_replaces_a_success():
    run = run_of([started(METRICS[:1], epochs=1), scored(1, "C", score=3)])
    assert not run.apply(scored(1, "E: m", outcome=FAILED, score=4))
    assert not run.apply(scored(1, "I", score=5))
    assert run.running_rows()[0].metrics["accuracy"].value == 1.0


def test_a_log_is_made_of_the_completion_that_was_scored():
    failure = scored(1, "E: m", outcome=FAILED, score=3, completion=(0, 1), errored=True)
    run = run_of([failure, scored(1, "C", score=9, completion=(2, 8))])
    assert (run.samples.partitions[0], run.samples.offsets[0], run.samples.errored[0]) == (2, 8, 0)


def test_a_dead_completion_that_is_read_again_is_dead_no_more_even_if_it_comes_late():
    run = run_of([started(METRICS[:1], epochs=1), dead(1, "same"), completed(1)])
    run.apply(scored(1, score=3))
    assert run.revive("another") is None
    assert run.revive("same") == ReadRow("same")
    assert run.revive("same") is None
    assert not run.apply(dead(7, "same"))
    assert (run.ledger()[0].dead_lettered, run.received) == (0, 1)


def written(run: RunState) -> LogMaterialised:
    return LogMaterialised(eval_id="e", location="x.eval", sha256="0", status="error", ledger=run.ledger())


def test_a_replaced_outcome_is_a_reason_for_another_final_snapshot_and_a_double_is_none():
    run = run_of([started(METRICS[:1], epochs=1), scored(1, "E: m", outcome=FAILED, score=1), completed(1)])
    snapshots = Snapshots(0.0)
    assert snapshots.of(run).final
    run.materialised = written(run)
    assert snapshots.of(run) is None
    run.apply(scored(1, "E: m", outcome=FAILED, score=2))
    assert snapshots.of(run) is None
    run.apply(scored(1, "C", score=3))
    assert not run.log_holds()
    update = snapshots.of(run)
    assert update.final and update.ledger[0].failed == 0
    assert snapshots.of(run) is None


def test_another_worker_knows_by_the_ledger_whether_a_log_has_to_be_written_again():
    rows = [scored(1, "E: m", outcome=FAILED, score=1), scored(1, "C", score=3)]
    before, after = (run_of([started(METRICS[:1], epochs=1), *part, completed(1)]) for part in (rows[:1], rows))
    for run, holds in ((before, True), (after, False)):
        run.materialised = LogMaterialised.model_validate_json(written(before).to_bytes())
        assert run.log_holds() is holds
        assert (Snapshots(0.0).of(run) is None) is holds


def test_epochs_are_replaced_one_by_one():
    rows = [scored(1, "E: m", epoch, outcome=FAILED, score=epoch) for epoch in range(1, EPOCHS + 1)]
    run = run_of([started(METRICS[:1]), *rows])
    run.apply(scored(1, "I", 1, score=8))
    run.apply(scored(1, "C", 2, score=9))
    assert run.running_rows()[0].metrics["accuracy"].value == 0.5
    assert run.failed == 0
