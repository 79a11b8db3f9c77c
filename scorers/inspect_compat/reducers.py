"""A reducer of Inspect as one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalstream.scorers.score import Score

from .scores import ours, theirs_of

if TYPE_CHECKING:
    from inspect_ai.scorer import ScoreReducer

__all__ = ["BridgedReducer"]


class BridgedReducer:
    """Reduces scores of ours by a reducer of Inspect's.

    Parameters
    ----------
    inner
        What a function that Inspect's ``@score_reducer`` decorates has made.
    """

    def __init__(self, inner: ScoreReducer) -> None:
        self._inner = inner

    def __call__(self, scores: list[Score], /) -> Score:
        return ours(self._inner([theirs_of(score) for score in scores]))
