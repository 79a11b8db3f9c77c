"""`f1`: how well the words of the answer and of a target overlap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ..metrics.mean import mean
from ..metrics.stderr import stderr
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from .normalise import normal_stop_words, words
from .substring import blank

__all__ = ["f1"]


@scorer(metrics=[mean(), stderr()])
def f1(answer_fn: Callable[[str], str] | None = None, stop_words: list[str] | None = None) -> Scorer:
    """Score the overlap of words: the harmonic mean of precision and recall, the best over all targets.

    Words are counted as often as they occur, in normal form (see `exact`). The value is rounded to two decimals.

    Parameters
    ----------
    answer_fn
        Extracts the answer from the completion; by default the completion is the answer.
    stop_words
        Words that do not count.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="cat dog", target=["cat", "dog mouse bird"])
    >>> run_now(f1()(state, state.target)).value
    0.67
    """
    ignored = normal_stop_words(stop_words)

    async def score(state: TaskState, target: Target) -> Score:
        completion = state.completion
        answer = answer_fn(completion) if answer_fn else completion
        said = words(answer, ignored)
        best = max((_overlap(said, words(text, ignored)) for text in target.target), default=0.0)
        return Score(value=round(best, 2), answer=answer, reason=blank(completion))

    return score


def _overlap(said: list[str], wanted: list[str]) -> float:
    """F1 of two bags of words; 0.0 for a target that has none."""
    if not wanted:
        return 0.0
    common = (Counter(said) & Counter(wanted)).total() if said else 0
    precision = common / len(said) if said else 1.0
    recall = common / len(wanted)
    return 2 * precision * recall / (precision + recall) if common else 0.0
