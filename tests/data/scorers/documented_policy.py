"""A scorer with every outcome that Inspect's page on scoring policy tells of; the tests replace the imports."""

from inspect_ai.scorer import CORRECT, INCORRECT, NOANSWER, Score, Target, accuracy, frequency, scorer
from inspect_ai.solver import TaskState


@scorer(metrics=[accuracy(), frequency()])
def of_each_outcome():
    async def score(state: TaskState, target: Target) -> Score | None:
        said = state.output.completion
        if said == "break":
            raise RuntimeError("the checker is broken")
        if said == "unclear":
            return Score.unscored(reason="grader_failed", explanation="no verdict")
        if said == "not mine":
            return None
        if not said:
            return Score(value=NOANSWER, reason="no_response")
        return Score(value=CORRECT if target.text in said else INCORRECT, answer=said)

    return score
