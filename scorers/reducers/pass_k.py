"""Chance that all of k attempts are correct."""

from __future__ import annotations

import math

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat

from .driver import NAN, NumberReducer

__all__ = ["pass_k"]


@score_reducer
def pass_k(k: int, value: float = 1.0, value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Estimate the chance that all of ``k`` attempts reach ``value``; NaN with fewer than k scored epochs.

    With c of n epochs correct it is C(c, k) / C(n, k) [1]_.

    Parameters
    ----------
    k
        How many attempts must succeed.
    value
        The threshold.
    value_to_float
        How a score value becomes a number.

    References
    ----------
    .. [1] Yao et al., https://arxiv.org/abs/2406.12045 ("pass^k").

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> pass_k(2)([Score(value=v) for v in (1, 1, 1, 0)]).value
    0.5
    """

    def estimate(numbers: list[float]) -> float:
        if len(numbers) < k:
            return NAN
        return math.comb(sum(x >= value for x in numbers), k) / math.comb(len(numbers), k)

    return NumberReducer(estimate, value_to_float)
