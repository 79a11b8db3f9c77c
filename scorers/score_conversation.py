"""`score`, which Inspect's solvers call while a sample is still being answered: here it says what to call instead."""

from __future__ import annotations

from typing import Any

from .score import Score

__all__ = ["score"]


async def score(conversation: Any) -> list[Score]:
    """Score a conversation by the scorers of the running task; since evalstream runs no tasks, it always raises.

    The name is there so that a file which imports it beside its scorers can be loaded. Inspect's raises, too, outside a
    running task.

    Parameters
    ----------
    conversation
        A `TaskState`, or what else has messages and an output.

    Raises
    ------
    RuntimeError
        Always.
    """
    raise RuntimeError(
        "score(conversation) asks the scorers of a task that is being run, and evalstream scores samples that are"
        " complete: call evalstream.score(log, scorers) for a log, or a scorer itself: await match()(state, target)."
    )
