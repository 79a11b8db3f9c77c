"""Two scorers in one file, for Inspect; the tests replace the imports."""

from inspect_ai.scorer import CORRECT, INCORRECT, Score, Target, accuracy, frequency, scorer, stderr
from inspect_ai.solver import TaskState


@scorer(metrics=[accuracy(), stderr()])
def begins_with():
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=CORRECT if state.output.completion.startswith(target.text) else INCORRECT)

    return score


@scorer(metrics=[frequency()])
def classify(short: int = 6):
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="short" if len(state.output.completion) <= short else "long")

    return score
