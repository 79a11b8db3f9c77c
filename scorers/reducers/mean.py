"""Mean over the epochs."""

from __future__ import annotations

import math

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat

from .driver import NumberReducer

__all__ = ["exact_mean", "mean_score"]


@score_reducer(name="mean")
def mean_score(value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Take the mean of the epochs' scores, correctly rounded.

    Parameters
    ----------
    value_to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> mean_score()([Score(value="C"), Score(value="I")]).value
    0.5
    """
    return NumberReducer(exact_mean, value_to_float)


def exact_mean(numbers: list[float]) -> float:
    """Compute the float nearest to the mean of the numbers, which are at least one and none of them NaN.

    Examples
    --------
    >>> exact_mean([0.1] * 10), exact_mean([1e100, 1.0, -1e100])
    (0.1, 0.3333333333333333)
    """
    if len(numbers) == 1:
        return numbers[0] + 0.0  # the sum of -0.0 alone is 0.0
    total = 0.0
    for x in numbers:
        after = total + x
        # Knuth's two-sum: `lost` is exactly what the addition rounded away (and NaN where it overflowed).
        part = after - total
        lost = (total - (after - part)) + (x - part)
        if lost != 0.0:
            return _slow_mean(numbers)
        total = after
    return total / len(numbers)  # nothing was lost, so this one division rounds correctly


def _slow_mean(numbers: list[float]) -> float:
    if not all(map(math.isfinite, numbers)):
        return sum(x for x in numbers if not math.isfinite(x))
    # A float is an integer over a power of two: over the largest of these powers the sum is an integer, and Python
    # rounds the quotient of two integers correctly.
    ratios = [x.as_integer_ratio() for x in numbers]
    largest = max(denominator for _, denominator in ratios)
    return sum(n * (largest // denominator) for n, denominator in ratios) / (largest * len(numbers))
