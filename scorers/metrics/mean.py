"""The arithmetic mean."""

from __future__ import annotations

from collections.abc import Sequence

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat

from .values import DEFAULT_TO_FLOAT, floats

__all__ = ["mean"]


@metric
def mean(to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> Metric:
    """Arithmetic mean, summed pairwise; 0.0 for no scores.

    It may differ from `accuracy` in the last digit, since that one sums from the left.

    Parameters
    ----------
    to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> mean()([SampleScore(score=Score(value=v)) for v in (1, 2, 6)])
    3.0
    """

    def arithmetic_mean(scores: Sequence[SampleScore]) -> float:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        if not scores:
            return 0.0
        return float(np.mean(floats(scores, to_float)))

    return arithmetic_mean
