"""Chance that one of k attempts is correct."""

from __future__ import annotations

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat

from .driver import NAN, NumberReducer

__all__ = ["pass_at"]


@score_reducer
def pass_at(k: int, value: float = 1.0, value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Estimate the chance that at least one of ``k`` attempts reaches ``value``; NaN with fewer than k scored epochs.

    With c of n epochs correct it is 1 - C(n - c, k) / C(n, k), written as a product [1]_.

    Parameters
    ----------
    k
        How many attempts are allowed.
    value
        The threshold.
    value_to_float
        How a score value becomes a number.

    References
    ----------
    .. [1] Chen et al., https://arxiv.org/abs/2107.03374, section 2.1.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> pass_at(2)([Score(value=v) for v in (1, 1, 0, 0, 0)]).value
    0.7
    """

    def estimate(numbers: list[float]) -> float:
        n = len(numbers)
        wrong = n - sum(x >= value for x in numbers)
        if n < k:
            return NAN
        if wrong < k:
            return 1.0
        all_wrong = 1.0
        for i in range(wrong + 1, n + 1):
            all_wrong *= 1.0 - k / i
        return 1.0 - all_wrong

    return NumberReducer(estimate, value_to_float)
