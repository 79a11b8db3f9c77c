"""All values of the epochs, as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.value import Value, is_unscored

from .driver import NAN, ValueReducer

__all__ = ["collect_score"]


@score_reducer(name="collect")
def collect_score() -> ScoreReducer:
    """Collect the epochs' values into a list; unscored ones are left out, and none left gives NaN.

    Raises
    ------
    ValueError
        When called: a value is a dict or list.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> collect_score()([Score(value=v) for v in ("C", 1, float("nan"))]).value
    ['C', 1]
    """
    return _Collect()


class _Collect(ValueReducer):
    def reduce_values(self, values: Sequence[Value]) -> Value:
        for value in values:
            if not isinstance(value, (str, int, float)):
                raise ValueError(f"The reducer 'collect' takes scalar values, not a {type(value).__name__}.")
        collected: Value = self.leaf(list(values), len(values))
        return collected

    def leaf(self, leaves: list[Any], total: int) -> Any:
        return [leaf for leaf in leaves if not is_unscored(leaf)] or NAN
