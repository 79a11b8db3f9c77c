"""The highest value of the epochs."""

from __future__ import annotations

from typing import Any

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import ValueToFloat, is_unscored

from .driver import NAN, ValueReducer

__all__ = ["max_score"]


@score_reducer(name="max")
def max_score(value_to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> ScoreReducer:
    """Take the value that is highest as a number, but return it as it is ("C", not 1.0); of several, the first.

    Parameters
    ----------
    value_to_float
        How a score value becomes a number, for the comparison only.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> max_score()([Score(value=v) for v in ("I", "C", "P")]).value
    'C'
    """
    return _Max(value_to_float)


class _Max(ValueReducer):
    def __init__(self, to_float: ValueToFloat) -> None:
        self._to_float = to_float

    def leaf(self, leaves: list[Any], total: int) -> Any:
        return max((leaf for leaf in leaves if not is_unscored(leaf)), key=self._to_float, default=NAN)
