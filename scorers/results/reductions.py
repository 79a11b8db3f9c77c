"""Reduced scores as a log keeps them, one sample at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from evalstream.scorers.errors import ReducerError
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import reducer_log_name
from evalstream.scorers.score import Score

from .scorer_info import ScorerInfo
from .views import reduced_views

__all__ = ["reduction_entry", "reduction_plan"]


def reduction_plan(info: ScorerInfo, reducers: Sequence[ScoreReducer] | None) -> list[tuple[ScoreReducer, str | None]]:
    """List which entries a scorer has among a log's reductions: the reducer of each, and its name there.

    There is none if reduction is off (an empty list of reducers), or if every metric sees each epoch's own score.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy
    >>> [name for _, name in reduction_plan(ScorerInfo("match", [accuracy()]), None)]
    [None]
    """
    return reduced_views(info.metrics, reducers)


def reduction_entry(reducer: ScoreReducer, scores: list[Score], sample_id: str | int | None) -> dict[str, Any]:
    """Reduce one sample's scores to one element of a reductions entry's "samples", as JSON values.

    Parameters
    ----------
    reducer
        One of `reduction_plan`.
    scores
        The sample's scores, in the order of its epochs; at least one.
    sample_id
        The id of the first of them.

    Raises
    ------
    ReducerError
        The reducer raised; the cause is chained.

    Examples
    --------
    >>> from evalstream.scorers.reducers import mean_score
    >>> reduction_entry(mean_score(), [Score(value="C", answer="4"), Score(value="I", answer="4")], "s1")
    {'value': 0.5, 'answer': '4', 'history': [], 'sample_id': 's1'}
    """
    try:
        reduced = reducer(scores)
    except Exception as error:
        raise ReducerError(
            f"The reducer {reducer_log_name(reducer)!r} raised {type(error).__name__} for sample {sample_id!r}: {error}"
        ) from error
    entry = reduced.model_dump(mode="json", exclude_none=True)
    return entry if sample_id is None else {**entry, "sample_id": sample_id}
