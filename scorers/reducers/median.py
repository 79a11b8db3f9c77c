"""Median over the epochs."""

from __future__ import annotations

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat

from .driver import NumberReducer

__all__ = ["median_score"]


@score_reducer(name="median")
def median_score(value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Take the median of the epochs' scores; of an even number of scores, the mean of the middle two.

    Parameters
    ----------
    value_to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> median_score()([Score(value=v) for v in (1, 9, 2, 4)]).value
    3.0
    """
    return NumberReducer(_median, value_to_float)


def _median(numbers: list[float]) -> float:
    ordered = sorted(numbers)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
