"""Rows and events of small runs, and what can be seen of a run's state."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from evalstream.scorers.metric import metric
from evalstream.scorers.score import SampleScore, Score
from evalstream.streams.events import EvalCompleted, EvalStarted, ScoreEmitted, ScoreFailure, ScorerSpec, Source
from evalstream.streams.tally.rows import FAILED, NO_SCORE, SCORED, DeadRow, ScoreRow
from evalstream.streams.tally.run_state import RunState

NAN = float("nan")
EPOCHS = 2


@metric
def longest_answer():
    """A user's metric: it looks at whole scores and at metadata that no aggregate asks for."""

    def compute(scores: list[SampleScore]) -> float:
        return max((len(s.score.answer or "") + bool(s.sample_metadata) for s in scores), default=0.0)

    return compute


def built_in(name: str, **options: Any) -> dict[str, Any]:
    return {"name": f"inspect_ai/{name}", "options": options}


MEAN = {"type": "metric", "name": "mean", "params": {}}
METRICS: list[list[Any]] = [
    [built_in("accuracy"), built_in("stderr"), built_in("var")],
    [built_in("mean"), built_in("stderr", cluster="c"), built_in("grouped", metric=MEAN, group_key="g")],
    [{"name": "longest_answer", "options": {}}, built_in("stderr", cluster="c")],
]
USED = st.sampled_from(
    [None, None, {"m/j": {"calls": 1, "input_tokens": 7, "cost": 0.1}}, {"m/j": {"role": "g", "cached": 1}, "m/k": "?"}]
)
VALUES = st.sampled_from(["C", "I", 0, 1, 0.1, 0.3, 0.7, True, NAN])


def started(metrics: Iterable[list[Any]] = METRICS, **fields: Any) -> EvalStarted:
    specs = [ScorerSpec(name=f"s{slot}", metrics=list(chosen)) for slot, chosen in enumerate(metrics)]
    return EvalStarted(**{"eval_id": "e", "scorers": specs, "epochs": EPOCHS, **fields})


def completed(samples: int) -> EvalCompleted:
    return EvalCompleted(eval_id="e", samples=samples)


def scored(sample_id: str | int = 1, value: Any = "C", epoch: int = 1, slot: int = 0, **fields: Any) -> ScoreRow:
    offset = fields.pop("score", 0)
    defaults: dict[str, Any] = {"scorer": f"s{slot}", "outcome": SCORED, "completion": (0, 0), "errored": False}
    return ScoreRow(
        sample_id, epoch, slot, value=value, score=offset, **{**defaults, "metadata": {"c": "x", "g": "y"}, **fields}
    )


def dead(offset: int = 0, record: str | None = None) -> DeadRow:
    return DeadRow((0, offset), "", "not readable", record or str(offset))


class Scores:
    """The topic ``scores`` of a test: rows, and the events that they stand for."""

    def __init__(self, rows: Iterable[ScoreRow | DeadRow]) -> None:
        self._rows = {row.score: row for row in rows if isinstance(row, ScoreRow)}

    def load(self, offset: int) -> ScoreEmitted:
        row = self._rows[offset]
        return ScoreEmitted(
            eval_id="e", score_id=str(offset), sample_id=row.sample_id, epoch=row.epoch, scorer=row.scorer,
            slot=row.slot, source=Source(topic="completions", partition=0, offset=row.completion[1]),
            score=Score(value=row.value, answer="a" * (offset % 5)) if row.outcome == SCORED else None,
            error=ScoreFailure(type="E", message="m") if row.outcome == FAILED else None, metadata=row.metadata,
        )  # fmt: skip


@st.composite
def runs(draw: st.DrawFn) -> list[ScoreRow | DeadRow]:
    """Rows of a run of up to six samples and two epochs, some of them missing, each at an offset of its own."""
    ids = draw(st.lists(st.sampled_from([1, 2, 10, "1", "a", "b"]), unique_by=repr, min_size=1))
    rows: list[ScoreRow | DeadRow] = []
    for place, (sample_id, epoch) in enumerate((i, e) for i in ids for e in range(1, EPOCHS + 1)):
        metadata = {"c": f"cluster{place // 3}", "g": draw(st.sampled_from(["g1", "g2"]))}
        for slot in range(len(METRICS)):
            outcome = draw(st.sampled_from([SCORED, SCORED, SCORED, NO_SCORE, FAILED, None]))
            value: Any = {SCORED: draw(VALUES), FAILED: "E: m"}.get(outcome)
            if outcome is not None:
                rows.append(
                    scored(
                        sample_id, value, epoch, slot, outcome=outcome, completion=(0, place), score=len(rows),
                        metadata=metadata, errored=place % 5 == 4, usage=draw(USED),
                        unpaid=outcome == SCORED and value != value and draw(st.booleans()),
                    )
                )  # fmt: skip
    return rows + [dead(100 + i) for i in range(draw(st.integers(0, 2)))]


def run_of(steps: Iterable[ScoreRow | DeadRow | EvalStarted | EvalCompleted]) -> RunState:
    steps = list(steps)
    run = RunState("e", "live", Scores(s for s in steps if isinstance(s, (ScoreRow, DeadRow))).load)
    for step in steps:
        if isinstance(step, EvalStarted):
            run.start(step)
        elif isinstance(step, EvalCompleted):
            run.complete(step)
        else:
            run.apply(step)
    return run


def seen(run: RunState) -> dict[str, str]:
    """All that others see of a run's state, as text: NaN equals itself, and 1, 1.0 and True differ."""
    final = run.finish()
    parts = {
        "running": canonical([row.as_json() for row in run.running_rows()]),
        "final": final.results.as_json() if final.results else final.error,
        "ledger": [entry.model_dump() for entry in run.ledger()],
        "names": run.names(),
        "usage": [told.model_dump() for told in run.usage()],
        "unpaid": [sorted((repr(run.samples.ids[n]), run.samples.epochs[n]) for n in c.unpaid) for c in run.columns],
        "counts": (run.received, run.expected, run.failed, run.partial(), run.balances()),
    }
    return {key: json.dumps(value) for key, value in parts.items()}


def canonical(rows: Any) -> Any:
    """Sort the keys of rows: running ones come in order of arrival."""
    if isinstance(rows, Mapping):
        return {key: canonical(rows[key]) for key in sorted(rows)}
    return [canonical(row) for row in rows] if isinstance(rows, list) else rows


def same_numbers(left: Any, right: Any) -> bool:
    """Compare nested rows, floats to a relative 1e-12."""
    if isinstance(left, float) and isinstance(right, (int, float)) and not isinstance(right, bool):
        return math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-15) or (math.isnan(left) and math.isnan(right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same_numbers(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same_numbers, left, right))
    return bool(left == right) and type(left) is type(right)
