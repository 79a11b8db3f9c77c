"""A scorer in the shape of those in Inspect's documentation: a line ANSWER: in the completion against the target."""

import re

from inspect_ai.scorer import CORRECT, INCORRECT, AnswerPattern, Score, Target, accuracy, scorer, stderr
from inspect_ai.solver import TaskState


@scorer(metrics=[accuracy(), stderr()])
def answer_letter(pattern: str = AnswerPattern.LETTER):
    async def score(state: TaskState, target: Target) -> Score:
        found = re.search(pattern, state.output.completion)
        if found is None:
            return Score(value=INCORRECT, explanation=f"No answer in: {state.output.completion}")
        answer = found.group(1)
        return Score(
            value=CORRECT if answer == target.text else INCORRECT,
            answer=answer,
            explanation=state.output.completion,
        )

    return score
