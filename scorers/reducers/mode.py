"""The most common value of the epochs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from evalstream.scorers.reducer import ScoreReducer, score_reducer

from .driver import CountReducer

__all__ = ["mode_score"]


@score_reducer(name="mode")
def mode_score() -> ScoreReducer:
    """Take the most common value; of several, the one that occurs first.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> mode_score()([Score(value=v) for v in ("I", "C", "C")]).value
    'C'
    """
    return CountReducer(_most_common)


def _most_common(counts: Counter[Any], total: int) -> Any:
    return max(counts, key=counts.__getitem__)
