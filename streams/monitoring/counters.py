"""What a worker has done since it started, counted from what its agents tell."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from evalstream.scorers.value import is_unscored

from ..scoring.emitted import Emitted
from ..tally.rows import FAILED, NO_SCORE, DeadRow, Row, ScoreRow
from ..tally.run_state import RunState
from ..transport.record import Batch, Headers, Record
from .histogram import Histogram
from .judge_counters import JudgeCounters
from .labels import LabelSets, label

__all__ = ["COMPLETED_MS", "Counters", "task_of"]

COMPLETED_MS = "evalstream-completed-ms"
"""Header of a record on ``scores``: when its completion was published, in milliseconds since 1970. Which scores count,
and of which task they are, is known where scores are tallied; when the completion came, only where it was scored."""

SCORING_BOUNDS = (0.0001, 0.001, 0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
TIME_TO_SCORE_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)

MOST_SCORERS = 100
MOST_TASKS = 100
MOST_TASKS_AND_SCORERS = 300
MOST_ERRORS = 50
MOST_JUDGES = 100
MOST_WAITING = 1000


class _Counted:
    """What was counted of one run, by scorer."""

    def __init__(self) -> None:
        self.emitted: Counter[tuple[str, str]] = Counter()
        self.deduplicated: Counter[str] = Counter()
        self.times: list[float] = []


class Counters:
    """A `Recorder` that counts, and remembers when each run was last active.

    Used on the event loop only. Scores are counted by the worker that tallies their eval, each once however often its
    completion was delivered; sums over workers are therefore sums over scores.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.active: dict[tuple[str, str], float] = {}
        self._consumed = 0
        self._emitted: Counter[tuple[str, ...]] = Counter()
        self._deduplicated: Counter[tuple[str, ...]] = Counter()
        self._dead_letters: Counter[tuple[str, ...]] = Counter()
        self._durations: dict[tuple[str, ...], Histogram] = {}
        self._times: dict[tuple[str, ...], Histogram] = {}
        self._waiting: dict[tuple[str, str], _Counted] = {}
        self._scorers, self._tasks = LabelSets(MOST_SCORERS), LabelSets(MOST_TASKS)
        self._pairs, self._errors = LabelSets(MOST_TASKS_AND_SCORERS), LabelSets(MOST_ERRORS)
        self._judges = JudgeCounters(MOST_JUDGES)

    def consumed(self, batch: Batch) -> None:
        """Count completions."""
        self._consumed += len(batch.records)

    def scored(self, record: Record, emitted: Sequence[Emitted]) -> Headers:
        """Take the time of each scorer that ran and what it used of models, and note when the completion came."""
        for event in emitted:
            if event.usage is not None:
                self._judges.used(event.scorer, event.usage)
            if event.error is None or event.duration > 0:  # else there was no such scorer
                _histogram(self._durations, self._scorers.of([event.scorer]), SCORING_BOUNDS).observe(event.duration)
        return ((COMPLETED_MS, str(record.timestamp_ms).encode()),)

    def dead_lettered(self, stage: str, error: BaseException) -> None:
        """Count a dead letter by the exception behind it, as its headers name it."""
        self._dead_letters[self._errors.of([stage, type(error.__cause__ or error).__name__])] += 1

    def tallied(self, batch: Batch, run: RunState, rows: Sequence[Row]) -> None:
        """Count rows by outcome, and take the time from completion to score."""
        self.active[run.eval_id, run.run_id] = self._clock()
        counted = self._counted(run)
        scores = [row for row in rows if isinstance(row, ScoreRow)]
        counted.emitted.update((row.scorer, _outcome(row)) for row in scores)
        offsets = {row.score for row in scores}
        for record in batch.records if scores else ():
            if record.offset in offsets:
                for name, value in record.headers:
                    if name == COMPLETED_MS and value and value.isdigit():
                        counted.times.append((record.timestamp_ms - int(value[:20])) / 1000)
        # Starts and scores are on two topics, so scores may come first: their task is not known then. A start that
        # never comes (or that the next owner meets) must not make this grow for ever.
        if run.started is not None or len(self._waiting) > MOST_WAITING:
            del self._waiting[run.eval_id, run.run_id]
            self._add(task_of(run), counted)

    def dropped(self, run: RunState, row: ScoreRow | DeadRow) -> None:
        """Count a double; `tallied` follows."""
        if not isinstance(row, ScoreRow):
            self._counted(run).deduplicated[""] += 1
        elif run.started is None or row.slot < len(run.started.scorers):
            self._counted(run).deduplicated[row.scorer] += 1

    def _counted(self, run: RunState) -> _Counted:
        key = (run.eval_id, run.run_id)
        found = self._waiting.get(key)
        return found if found is not None else self._waiting.setdefault(key, _Counted())

    def _add(self, task: str, counted: _Counted) -> None:
        for (scorer, outcome), count in counted.emitted.items():
            key = (*self._pairs.of([task, scorer]), outcome)
            self._emitted[key] += count
        for scorer, count in counted.deduplicated.items():
            self._deduplicated[self._pairs.of([task, scorer])] += count
        if counted.times:
            times = _histogram(self._times, self._tasks.of([task]), TIME_TO_SCORE_BOUNDS)
            for seconds in counted.times:
                times.observe(seconds)

    def families(self) -> Iterator[Metric]:
        """Return all of it as Prometheus knows it."""
        consumed = CounterMetricFamily(
            "evalstream_completions_consumed", "Completions that this worker took from the topic, redelivered ones too."
        )
        consumed.add_metric([], self._consumed)
        yield consumed
        yield _counter(
            "evalstream_scores_emitted", "Scores that were counted, each once.",
            ["task", "scorer", "outcome"], self._emitted,
        )  # fmt: skip
        yield from self._judges.families()
        yield _counter(
            "evalstream_scores_deduplicated", "Scores that came again and were dropped.",
            ["task", "scorer"], self._deduplicated,
        )  # fmt: skip
        yield _counter(
            "evalstream_dead_letters", "Records that this worker sent to the dead letters.",
            ["stage", "error"], self._dead_letters,
        )  # fmt: skip
        yield _histograms(
            "evalstream_scoring_duration_seconds", "Time that a scorer took for a sample.",
            "scorer", self._durations,
        )  # fmt: skip
        yield _histograms(
            "evalstream_time_to_score_seconds", "Time from a completion's record to its score's.",
            "task", self._times,
        )  # fmt: skip


def task_of(run: RunState) -> str:
    """Return the name of a run's task; empty as long as it is not known."""
    spec = run.started.header.get("eval") if run.started else None
    return label(spec.get("task")) if isinstance(spec, dict) else ""


def _outcome(row: ScoreRow) -> str:
    if row.outcome == FAILED:
        return "failed"
    return "unscored" if row.outcome == NO_SCORE or is_unscored(row.value) else "scored"


def _histogram(
    histograms: dict[tuple[str, ...], Histogram], key: tuple[str, ...], bounds: Sequence[float]
) -> Histogram:
    found = histograms.get(key)
    return found if found is not None else histograms.setdefault(key, Histogram(bounds))


def _counter(name: str, text: str, labels: Sequence[str], counts: Counter[tuple[str, ...]]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family


def _histograms(name: str, text: str, label_name: str, histograms: dict[tuple[str, ...], Histogram]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=[label_name])
    for values, histogram in sorted(histograms.items()):
        family.add_metric(values, histogram.buckets(), histogram.sum)
    return family
