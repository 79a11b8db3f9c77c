"""Scorers in the shape of those on Inspect's page about multiple scorers; the tests replace the imports."""

from inspect_ai.scorer import (
    Metric,
    SampleScore,
    Score,
    Target,
    accuracy,
    cascade,
    exact,
    includes,
    krippendorff_alpha,
    match,
    mean,
    metric,
    model_graded_qa,
    multi_scorer,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import sandbox


@metric
def all_vowels() -> Metric:
    """Over the whole of a dict-valued score."""

    def compute(scores: list[SampleScore]) -> int | float:
        return sum(score.score.value["a"] + score.score.value["e"] for score in scores)

    return compute


@scorer(metrics={"right": [mean(), stderr()], "short": [mean()]})
def right_and_short(most_words: int = 4):
    async def score(state: TaskState, target: Target) -> Score:
        said = state.output.completion
        return Score(
            value={
                "right": int(target.text.lower() in said.lower()),
                "short": int(len(said.split()) <= most_words),
            },
            answer=said,
        )

    return score


def counted(state: TaskState) -> Score:
    said = state.output.completion
    return Score(value={"a": said.count("a"), "e": said.count("e")}, answer=said)


@scorer(metrics={"a": [mean(), stderr()], "e": [mean(), stderr()]})
def vowels():
    async def score(state: TaskState, target: Target):
        return counted(state)

    return score


@scorer(metrics={"*": [mean(), stderr()]})
def vowels_by_a_glob():
    async def score(state: TaskState, target: Target):
        return counted(state)

    return score


@scorer(metrics={"*": [mean()], "e": [stderr()]})
def vowels_by_two_patterns():
    async def score(state: TaskState, target: Target):
        return counted(state)

    return score


@scorer(metrics=[{"a": [mean(), stderr()], "e": [mean(), stderr()]}, all_vowels()])
def vowels_and_their_sum():
    async def score(state: TaskState, target: Target):
        return counted(state)

    return score


@scorer(metrics=[accuracy(), stderr()])
def jury(judges: list):
    return multi_scorer(scorers=[model_graded_qa(model=judge) for judge in judges], reducer="mode")


@scorer(metrics=[krippendorff_alpha()])
def raters():
    return multi_scorer([match(), includes(), exact()], "collect")


@scorer(metrics=[accuracy(), stderr()])
def cheap_ones_first(judge=None):
    return cascade(exact=match(location="exact"), grader=model_graded_qa(model=judge))


@scorer(metrics=[accuracy()])
def left_behind():
    async def score(state: TaskState, target: Target):
        try:
            _ = await sandbox().read_file(target.text)
            there = True
        except FileNotFoundError:
            there = False
        return Score(value=1 if there else 0)

    return score
