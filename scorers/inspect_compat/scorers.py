"""A scorer of Inspect as one of ours."""

from __future__ import annotations

from typing import Any

from inspect_ai import scorer as theirs

from evalstream.scorers.score import Score
from evalstream.scorers.state import TaskState
from evalstream.scorers.target import Target

from .scores import ours, theirs_of
from .surroundings import surround
from .task_state import inspect_state

__all__ = ["BridgedScorer"]


class BridgedScorer:
    """Scores a sample by a scorer of Inspect's.

    Parameters
    ----------
    inner
        What a function or class that Inspect's ``@scorer`` decorates has made.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, state: TaskState, target: Target, /) -> Score | None:
        """Run the scorer on the sample as Inspect would show it.

        Raises
        ------
        ValidationError
            The sample holds something that Inspect does not take.
        Exception
            Whatever the scorer raises.
        """
        theirs_state = inspect_state(state)
        before = dict(state.scores or {})
        theirs_state.scores = {name: theirs_of(score) for name, score in before.items()}
        surround(state, theirs_state)
        score = await self._inner(theirs_state, theirs.Target(target.target))
        # Scorers share a sample's state; that one must not write into the scores is checked by who runs them.
        for name, added in (theirs_state.scores or {}).items():
            if name not in before and state.scores is not None:
                state.scores[name] = ours(added)
        return ours(score) if isinstance(score, theirs.Score) else score
