"""Accuracy: the share of correct answers, partial answers counted in part."""

from __future__ import annotations

from collections.abc import Sequence

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat

from .values import DEFAULT_TO_FLOAT, floats

__all__ = ["accuracy"]


@metric
def accuracy(to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> Metric:
    """Share of correct answers: Σx / n; 0.0 for no scores.

    Parameters
    ----------
    to_float
        How a score value becomes a number; by default "C" is 1, "P" 0.5, "I" and "N" 0, and numbers count as they are.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> accuracy()([SampleScore(score=Score(value=v)) for v in ("C", "I", "P", "N")])
    0.375
    """

    def share(scores: Sequence[SampleScore]) -> float:
        if not scores:
            return 0.0
        # Added one by one from the left: Inspect does, and sum() compensates for rounding from Python 3.12 on.
        total = 0.0
        for x in floats(scores, to_float):
            total += x
        return total / len(scores)

    return share
