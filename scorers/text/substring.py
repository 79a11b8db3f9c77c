"""What `match` and `includes` share: try the targets in order, the first that fits makes the answer correct."""

from __future__ import annotations

from collections.abc import Callable

from ..score import Score
from ..scorer import Scorer
from ..state import TaskState
from ..target import Target
from ..value import CORRECT, INCORRECT

__all__ = ["any_target", "blank"]

Judge = Callable[[str], tuple[str, bool]]
"""Takes a target, gives the extracted answer and whether it fits."""


def blank(completion: str) -> str | None:
    """Return the reason for scores of a completion that is empty or white space, else None."""
    return None if completion.strip() else "no_response"


def any_target(read: Callable[[str], Judge]) -> Scorer:
    """Make a scorer that is correct if any target fits.

    Parameters
    ----------
    read
        Takes a completion, does once what does not depend on the target, and returns what judges one target.
    """

    async def score(state: TaskState, target: Target) -> Score:
        completion = state.completion
        judge = read(completion)
        answer: str | None = None
        fits = False
        for text in target.target:
            answer, fits = judge(text)
            if fits:
                break
        return Score(
            value=CORRECT if fits else INCORRECT,
            answer=answer,
            explanation=completion,
            # A blank completion can be correct: an empty target fits anything.
            reason=blank(completion),
        )

    return score
