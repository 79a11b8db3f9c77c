"""`exact`: the completion equals a target, both in normal form."""

from __future__ import annotations

from ..metrics.mean import mean
from ..metrics.stderr import stderr
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from ..value import CORRECT, INCORRECT
from .normalise import normalise
from .substring import blank

__all__ = ["exact"]


@scorer(metrics=[mean(), stderr()])
def exact() -> Scorer:
    """Correct if the completion equals a target, apart from case, punctuation, articles and the form of numbers.

    A target of which nothing remains (such as "the") never matches.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="The foo-bar.", target="foo bar")
    >>> run_now(exact()(state, state.target)).value
    'C'
    """

    async def score(state: TaskState, target: Target) -> Score:
        completion = state.completion
        said = normalise(completion)
        right = said != "" and any(normalise(text) == said for text in target.target)
        return Score(value=CORRECT if right else INCORRECT, answer=completion, reason=blank(completion))

    return score
