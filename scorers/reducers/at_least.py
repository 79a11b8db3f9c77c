"""Correct if at least k epochs are."""

from __future__ import annotations

from collections import Counter
from typing import Any

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat

from .driver import CountReducer

__all__ = ["at_least"]


@score_reducer
def at_least(k: int, value: float = 1.0, value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Give 1 if at least ``k`` epochs reach ``value``, else 0; unscored epochs do not reach it.

    Parameters
    ----------
    k
        How many epochs must reach ``value``.
    value
        The threshold.
    value_to_float
        How a score value becomes a number.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> at_least(2)([Score(value=v) for v in ("C", "I", "C")]).value
    1
    """

    def decide(counts: Counter[Any], total: int) -> int:
        return int(sum(count for leaf, count in counts.items() if value_to_float(leaf) >= value) >= k)

    return CountReducer(decide)
