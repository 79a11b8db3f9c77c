"""Spread of the scores: sample variance and standard deviation."""

from __future__ import annotations

from collections.abc import Sequence

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat

from .values import DEFAULT_TO_FLOAT, floats

__all__ = ["std", "var"]


@metric
def var(to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> Metric:
    """Sample variance, Σ(x - x̄)² / (n - 1); 0 for fewer than two scores.

    Parameters
    ----------
    to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> round(var()([SampleScore(score=Score(value=v)) for v in ("C", "I", "P", "N")]), 6)
    0.229167
    """

    def sample_variance(scores: Sequence[SampleScore]) -> float:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        return float(np.var(floats(scores, to_float), ddof=1)) if len(scores) > 1 else 0

    return sample_variance


@metric
def std(to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> Metric:
    """Sample standard deviation, √(Σ(x - x̄)² / (n - 1)); 0 for fewer than two scores.

    Parameters
    ----------
    to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> std()([SampleScore(score=Score(value=v)) for v in (1, 3)]) ** 2
    2.0000000000000004
    """

    def sample_deviation(scores: Sequence[SampleScore]) -> float:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        return float(np.std(floats(scores, to_float), ddof=1)) if len(scores) > 1 else 0

    return sample_deviation
