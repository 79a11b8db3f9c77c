"""Scorers and metrics that give the values of the log c_dict_glob.eval, for Inspect; the tests replace the imports."""

from inspect_ai.scorer import (
    SampleScore,
    Score,
    Target,
    accuracy,
    ci,
    frequency,
    grouped,
    mean,
    metric,
    scorer,
    std,
    stderr,
)
from inspect_ai.solver import TaskState


@metric
def lo_hi():
    def compute(scores: list[SampleScore]) -> dict[str, float]:
        values = [score.score.as_float() for score in scores]
        return {"lo": min(values), "hi": max(values)}

    return compute


@metric
def two_values():
    def compute(scores: list[SampleScore]) -> list[float]:
        return [float(len(scores)), 2.5]

    return compute


@scorer(metrics={"a_*": [mean(), stderr()], "*": [std(), lo_hi(), two_values()]})
def glob_dict():
    async def score(state: TaskState, target: Target) -> Score:
        i = state.metadata["i"]
        if i == 3:
            return Score(value=float("nan"))
        length = float(len(state.output.completion))
        return Score(value={"a_len": length, "a_ok": i % 2, "b": float("nan") if i == 5 else i / 10})

    return score


@scorer(metrics=[mean(), {"x": [mean()], "y": [accuracy(), stderr()]}])
def mixed():
    async def score(state: TaskState, target: Target) -> Score:
        i = state.metadata["i"]
        return Score(value={"x": i, "y": "C" if i % 2 else "I"}, answer=str(i))

    return score


@scorer(
    metrics=[
        grouped(accuracy(), "grp"),
        grouped(mean(), "grp", all="groups", all_label="overall", name_template="g_{group_name}"),
        accuracy(),
        accuracy(),
        ci(),
        frequency(["C", "I", "P"], normalize=True),
    ]
)
def scalar():
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="I" if state.metadata["i"] % 3 == 0 else "C")

    return score
