"""Metrics and reducers in the shape of those on Inspect's page about metrics; the tests replace the imports."""

import statistics
from collections import Counter
from enum import Enum

import numpy as np
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    NOANSWER,
    Metric,
    SampleScore,
    Score,
    Scorer,
    ScoreReducer,
    Target,
    Value,
    accuracy,
    categorical,
    frequency,
    mean,
    metric,
    score_reducer,
    scorer,
    stderr,
    value_to_float,
)
from inspect_ai.solver import TaskState


@metric
def average() -> Metric:
    """The built-in `mean`, written anew."""

    def compute(scores: list[SampleScore]) -> float:
        return np.mean([score.score.as_float() for score in scores]).item()

    return compute


@metric
def share_from(limit: float = 0.5) -> Metric:
    """How many scores reach a limit."""

    def compute(scores: list[SampleScore]) -> float:
        if not scores:
            return 0.0
        return sum(score.score.as_float() >= limit for score in scores) / len(scores)

    return compute


@metric(scores="unreduced")
def of_each_epoch() -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        counted = Counter(score.score.as_str() for score in scores)
        return {label: counted[label] for label in sorted(counted)}

    return compute


@metric(scores="reduced")
def of_each_sample() -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        return len({score.sample_id for score in scores}) / len(scores)

    return compute


@score_reducer(name="halfway")
def half_of_the_range() -> ScoreReducer:
    to_float = value_to_float()

    def reduce(scores: list[Score]) -> Score:
        values = [to_float(score.value) for score in scores]
        return Score(value=statistics.mean([min(values), max(values)]))

    return reduce


@scorer(metrics=[mean(), stderr(), share_from()])
def words_found():
    """The share of the target's words that are in the completion."""

    async def score(state: TaskState, target: Target) -> Score:
        said, words = state.output.completion.lower(), target.text.lower().split()
        return Score(value=sum(word in said for word in words) / len(words) if words else 0.0)

    return score


@scorer(metrics=[accuracy(), frequency()])
def right_or_nothing() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(value=NOANSWER if not said else CORRECT if target.text in said else INCORRECT)

    return score


class Verdict(str, Enum):
    GOOD = "good"
    BAD = "bad"
    UNCLEAR = "unclear"

    __str__ = str.__str__  # as StrEnum, which Python 3.10 does not have


@scorer(metrics=categorical(Verdict))
def sorted_into() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        verdict = Verdict.GOOD if target.text in state.output.completion else Verdict.BAD
        return Score(value=verdict.value)

    return score


@scorer(metrics=[average(), of_each_epoch()])
def viewed_both_ways() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=CORRECT if target.text in state.output.completion else INCORRECT)

    return score


@scorer(metrics=[of_each_sample()])
def one_a_sample() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=len(state.output.completion))

    return score
