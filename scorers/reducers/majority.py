"""The strict majority of the epochs, or of a panel of judges."""

from __future__ import annotations

from collections import Counter
from typing import Any

from evalstream.scorers.reducer import ScoreReducer, score_reducer
from evalstream.scorers.score import Score
from evalstream.scorers.value import is_unscored

from .driver import NAN, CountReducer

__all__ = ["majority_score"]


@score_reducer(name="majority")
def majority_score() -> ScoreReducer:
    """Take the value that more than half of all scores carry, unscored ones counted; without one, the result is NaN.

    The reduced score's metadata tells under ``panel`` how it came about: ``votes`` (None for an unscored one),
    ``size``, and ``failures`` (``index``, ``reason`` and ``explanation`` of each unscored one).

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> majority = majority_score()
    >>> majority([Score(value=v) for v in ("C", "C", "I")]).value
    'C'
    >>> majority([Score(value="C"), Score(value="I")]).value
    nan
    """
    return _Majority(_strict_majority)


class _Majority(CountReducer):
    def __call__(self, scores: list[Score], /) -> Score:
        reduced = super().__call__(scores)
        panel = {
            "votes": [None if is_unscored(score.value) else _copied(score.value) for score in scores],
            "size": len(scores),
            "failures": [
                {"index": index, "reason": _reason(score), "explanation": score.explanation}
                for index, score in enumerate(scores)
                if is_unscored(score.value)
            ],
        }
        return reduced.model_copy(update={"metadata": {**(reduced.metadata or {}), "panel": panel}})


def _strict_majority(counts: Counter[Any], total: int) -> Any:
    value = max(counts, key=counts.__getitem__)
    return value if counts[value] * 2 > total else NAN


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, (dict, list)) else value


def _reason(score: Score) -> str | None:
    # Logs of old keep the reason in the metadata.
    reason = score.reason if score.reason is not None else (score.metadata or {}).get("unscored_reason")
    return reason if isinstance(reason, str) else None
