"""`pattern`: a regular expression extracts the answer."""

from __future__ import annotations

import re

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from ..value import CORRECT, INCORRECT
from .substring import blank

__all__ = ["pattern"]


@scorer(metrics=[accuracy(), stderr()])
def pattern(pattern: str, ignore_case: bool = True, match_all: bool = False) -> Scorer:
    r"""Correct if what the first match of a regular expression captured is a target.

    Parameters
    ----------
    pattern
        The expression; without groups its whole match is the answer.
    ignore_case
        Search and compare without regard to case.
    match_all
        Of several groups each must be a target; otherwise one is enough. Groups that took no part do not count.

    Raises
    ------
    re.error
        ``pattern`` is not a regular expression.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="Result: 42", target="42")
    >>> run_now(pattern(r"Result: (\d+)")(state, state.target)).answer
    '42'
    """
    search = re.compile(pattern, re.IGNORECASE if ignore_case else 0).search

    async def score(state: TaskState, target: Target) -> Score:
        completion = state.completion
        found = search(completion)
        if found is None:
            return Score(
                value=INCORRECT,
                reason=blank(completion) or "invalid_response_format",
                explanation=f"Scoring pattern not matched in output: {completion}",
            )
        groups = found.groups() or (found[0],)
        captured = [group for group in groups if group is not None]
        answers = {text.lower() for text in target.target} if ignore_case else set(target.target)
        right = [group for group in captured if (group.lower() if ignore_case else group) in answers]
        answer: str | None = None
        if match_all:
            if right and len(right) == len(captured):
                answer = target.text
        elif right:
            answer = right[0]
        # An empty capture is no answer, even if the target is empty too.
        value = CORRECT if answer else INCORRECT
        if not right and not match_all and len(groups) == 1:
            answer = groups[0]  # wrong, but it tells what the model said
        return Score(value=value, answer=answer, reason=blank(completion), explanation=completion)

    return score
