"""Labels and series stay few, whatever events say."""

from __future__ import annotations

import math
from typing import Any

import pytest
from prometheus_client.core import Metric

from evalstream.scorers.results.models import EvalMetric, EvalScore
from evalstream.streams.events import EvalStarted, LogMaterialised, ScoreEmitted, ScorerSpec, Source
from evalstream.streams.monitoring.counters import (
    COMPLETED_MS,
    MOST_TASKS,
    MOST_TASKS_AND_SCORERS,
    MOST_WAITING,
    Counters,
)
from evalstream.streams.monitoring.exposition import exposition
from evalstream.streams.monitoring.fresh import FreshRows
from evalstream.streams.monitoring.histogram import Histogram
from evalstream.streams.monitoring.judge_counters import JudgeCounters
from evalstream.streams.monitoring.labels import LONGEST
from evalstream.streams.monitoring.run_families import (
    MOST_RUNS,
    MOST_VALUES,
    SHOWN_SECONDS,
    run_families,
    shown_runs,
)
from evalstream.streams.tally.rows import SCORED, ScoreRow
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.transport.record import Batch, Record


def never(offset: int) -> ScoreEmitted:
    raise AssertionError(offset)


def run_of(eval_id: str = "e", task: Any = "t", scorers: int = 1) -> RunState:
    run = RunState(eval_id, "live", never)
    specs = [ScorerSpec(name="match", metrics=[{"name": "inspect_ai/accuracy", "options": {}}])] * scorers
    run.start(EvalStarted(eval_id=eval_id, header={"eval": {"task": task}}, scorers=specs))
    return run


def row(scorer: str = "match", sample: int = 1, value: Any = 1) -> ScoreRow:
    return ScoreRow(sample, 1, 0, scorer, SCORED, value, (0, 0), sample, False, None)


def batch(*records: Record) -> Batch:
    return Batch("scores", 0, records)


def samples(families: list[Metric], name: str) -> list[Any]:
    return [sample for family in families for sample in family.samples if sample.name == name]


def log_of(run: RunState) -> LogMaterialised:
    return LogMaterialised(eval_id=run.eval_id, location="l", sha256="s", status="success")


def test_tasks_and_scorers_beyond_the_limit_are_counted_as_other_ones():
    counters = Counters()
    for number in range(2 * MOST_TASKS_AND_SCORERS):
        counters.dropped(run_of(task=f"t{number}"), row(f"s{number}"))
        timed = batch(Record(1, None, None, ((COMPLETED_MS, b"1000"),), 3000))
        counters.tallied(timed, run_of(task=f"t{number}"), [row(f"s{number}")])
        counters.dead_lettered("decode", type(f"E{number}", (Exception,), {})())
        event = ScoreEmitted(
            eval_id="e", score_id="i", sample_id=1, epoch=1, scorer=f"s{number}", slot=0,
            duration=1.0, source=Source(topic="completions", partition=0, offset=0),
        )  # fmt: skip
        counters.scored(Record(0, None, None, (), 0), [event])
    families = list(counters.families())
    emitted = samples(families, "evalstream_scores_emitted_total")
    assert len(emitted) == MOST_TASKS_AND_SCORERS + 1
    assert sum(sample.value for sample in emitted) == 2 * MOST_TASKS_AND_SCORERS
    others = {sample.labels["task"]: sample.value for sample in emitted}
    assert others["other"] == MOST_TASKS_AND_SCORERS
    assert len(samples(families, "evalstream_time_to_score_seconds_count")) == MOST_TASKS + 1
    assert (
        sum(sample.value for sample in samples(families, "evalstream_time_to_score_seconds_sum"))
        == 4 * MOST_TASKS_AND_SCORERS
    )
    assert max(len(family.samples) for family in families) < 2000


def test_scores_whose_start_never_comes_do_not_pile_up():
    counters = Counters()
    for number in range(MOST_WAITING + 100):
        counters.tallied(batch(), RunState(f"e{number}", "live", never), [row()])
    emitted = samples(list(counters.families()), "evalstream_scores_emitted_total")
    assert [(sample.labels["task"], sample.value) for sample in emitted] == [("", 100)]


def test_scorers_and_models_that_events_name_without_end_are_counted_as_one():
    judges = JudgeCounters(3)
    for number in range(10):
        judges.used("qa", {f"m/{number}": {"calls": 1, "cost": 0.5}})
    calls = samples(list(judges.families()), "evalstream_judge_calls_total")
    told = {sample.labels["model"]: sample.value for sample in calls if sample.labels["answered_by"] == "service"}
    assert told == {"m/0": 1, "m/1": 1, "m/2": 1, "other": 7}


def test_a_label_is_short_and_can_be_written_whatever_it_was():
    run = run_of(eval_id="\ud800" * 1000, task="x" * 1000)
    run.apply(row('"\\\n' * 1000))
    text, _ = exposition(run_families([run], lambda run: run.running_rows()), "")
    assert max(map(len, text.decode().splitlines())) < 10 * LONGEST


@pytest.mark.parametrize("task", [None, 7, ["a"], {"a": 1}])
def test_a_task_that_is_no_name_does_no_harm(task: Any):
    run = run_of(task=task)
    run.apply(row())
    assert b"evalstream_task_samples_scored" in exposition(run_families([run], lambda run: []), "")[0]


def test_at_most_so_many_runs_are_told_of_those_that_were_active_last():
    runs = [run_of(f"e{number}") for number in range(MOST_RUNS + 7)]
    active = {(run.eval_id, "live"): float(place) for place, run in enumerate(runs)}
    families = run_families(shown_runs(runs, active, now=200.0), lambda run: [])
    told = {sample.labels["eval"] for sample in samples(families, "evalstream_task_samples_received")}
    assert told == {f"e{number}" for number in range(7, MOST_RUNS + 7)}
    assert [sample.value for sample in samples(families, "evalstream_runs_omitted")] == [7]


def test_a_finished_run_is_told_of_for_a_while():
    run, recovered = run_of("e"), run_of("recovered")
    run.materialised, recovered.materialised = log_of(run), log_of(recovered)
    active = {("e", "live"): 1000.0}
    assert shown_runs([run, recovered], active, 1000.0 + SHOWN_SECONDS) == [run]
    assert shown_runs([run, recovered], active, 1001.0 + SHOWN_SECONDS) == []


def test_a_metric_of_very_many_groups_has_a_bounded_number_of_series():
    rows = [
        EvalScore(
            name=f"key{part}", scorer="match",
            metrics={f"g{number}": EvalMetric(name=f"g{number}", value=number) for number in range(150)},
        )
        for part in range(20)
    ]  # fmt: skip
    families = run_families([run_of()], lambda run: rows)
    assert len(samples(families, "evalstream_metric_value")) == MOST_VALUES
    assert len(samples(families, "evalstream_metric_samples")) <= MOST_VALUES


def test_series_with_the_same_labels_are_told_once():
    families = run_families([run_of(scorers=2)], lambda run: [EvalScore(name="a", scorer="a", scored_samples=1)] * 2)
    for family in families:
        labels = [tuple(sample.labels.items()) for sample in family.samples]
        assert len(labels) == len(set(labels))


def test_metrics_are_computed_again_only_when_scores_came_and_not_too_often():
    now, calls = [0.0], []

    class Slow(RunState):
        def running_rows(self) -> list[EvalScore]:
            calls.append(now[0])
            now[0] += 2.0
            return super().running_rows()

    run = Slow("e", "live", never)
    fresh = FreshRows(lambda: now[0])
    for second in (0.0, 5.0):
        now[0] = second
        fresh.of(run)
    assert calls == [0.0]  # no score came
    run.apply(row(sample=1))
    now[0] = 10.0
    fresh.of(run)
    assert calls == [0.0]  # it took two seconds, so twenty go without it
    now[0] = 22.5
    fresh.of(run)
    assert calls == [0.0, 22.5]
    fresh.forget_all_but([])
    fresh.of(run)
    assert len(calls) == 3


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_a_time_that_makes_no_sense_leaves_the_sum_alone(value: float):
    histogram = Histogram([1.0])
    histogram.observe(value)
    assert (histogram.buckets(), histogram.sum) == ([("1.0", 1), ("+Inf", 1)], 0.0)
