"""Scorers made of others, as users write them for Inspect; the tests replace the imports."""

from inspect_ai.scorer import (
    Score,
    Target,
    accuracy,
    cascade,
    ci,
    exact,
    frequency,
    grouped,
    includes,
    match,
    mean,
    multi_scorer,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState


@scorer(metrics={"len_*": [mean(), ci()], "*": [stderr(), frequency()]})
def lengths(unit: int = 1):
    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        if not text:
            return Score.unscored(reason="no_response")
        return Score(
            value={"len_text": len(text) / unit, "len_target": len(target.text) / unit, "blank": text.isspace()}
        )

    return score


@scorer(metrics={"len_*": [mean(), stderr()], "blank": [mean()]})
def longest():
    return multi_scorer([lengths(), lengths(unit=2)], "max")


@scorer(metrics=[accuracy(), grouped(mean(), "topic")])
def panel(reducer: str = "majority"):
    return multi_scorer([match(), includes(), exact()], reducer)


@scorer(metrics=[accuracy(), stderr(cluster="topic")])
def staged(threshold: float = 1.0):
    return cascade(threshold, strict=exact(), last=match(), loose=includes())
