"""Scorers, metrics and a reducer as users write them for Inspect; the tests replace the imports."""

import math

from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    NOANSWER,
    SampleScore,
    Score,
    ScoreReducer,
    Target,
    Value,
    accuracy,
    mean,
    metric,
    score_reducer,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState


@metric
def share_of_answers():
    """Typed: gets whole samples."""

    def compute(scores: list[SampleScore]) -> Value:
        return sum(bool(score.score.answer) for score in scores) / max(len(scores), 1)

    return compute


@metric
def kinds():
    """Untyped: gets the scores alone."""

    def compute(scores):
        return {"numbers": sum(isinstance(score.value, float) for score in scores), "all": len(scores), "none": None}

    return compute


@metric
def by_id(power: int = 1):
    """Looks at ids and metadata, of the first epoch."""

    def compute(scores: list[SampleScore]) -> Value:
        return [float(sum(len(str(score.sample_id)) ** power for score in scores)), len(scores)]

    return compute


@metric(scores="unreduced")
def every_epoch():
    def compute(scores: list[SampleScore]) -> Value:
        return sum(score.score.value == CORRECT for score in scores)

    return compute


@score_reducer
def least(than: float = 2.0) -> ScoreReducer:
    def reduce(scores: list[Score]) -> Score:
        values = [1.0 if score.value == CORRECT else 0.0 for score in scores]
        return Score(value=min([*values, than]), explanation=f"least of {len(values)}")

    return reduce


@scorer(metrics=[accuracy(), stderr(), share_of_answers(), kinds(), by_id(power=2), every_epoch()])
def first_digit(missing: str = NOANSWER):
    async def score(state: TaskState, target: Target) -> Score:
        digits = [c for c in state.output.completion if c.isdigit()]
        if not digits:
            return Score(value=missing, reason="no_response")
        right = any(digits[0] == text[:1] for text in target)
        return Score(
            value=CORRECT if right else INCORRECT,
            answer=digits[0],
            explanation=f"{state.input_text} -> {state.output.completion}",
            metadata={"digits": len(digits), "epoch": state.epoch, "limit": math.inf, "nothing": None},
        )

    return score


@scorer(metrics=[mean()])
def sometimes(every: int = 3):
    """No score at all for some samples, an unscored one for others; numbers of all types for the rest."""

    async def score(state: TaskState, target: Target) -> Score | None:
        length = len(state.output.completion)
        if length % every == 0:
            return None
        if length % every == 1:
            return Score.unscored(reason="refusal", explanation="not today")
        return Score(value=[True, length, length / 2, "0.25"][length % 4])

    return score


@scorer(metrics={"length": [mean()], "words": [mean(), stderr()]})
def counts():
    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        return Score(value={"length": len(text), "words": len(text.split()), "blank": not text, "none": None})

    return score
