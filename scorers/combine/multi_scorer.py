"""`multi_scorer`: several scorers look at each sample, and their scores become one."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any

from .. import registry
from ..accepted import Scorers, as_scorers
from ..reducer import ScoreReducer
from ..reducers.names import create_reducers
from ..run import never_suspends
from ..score import Score
from ..scorer import Metrics, Scorer, metrics_of
from ..state import TaskState
from ..target import Target

__all__ = ["multi_scorer"]


def multi_scorer(scorers: Scorers, reducer: str | ScoreReducer) -> Scorer:
    """Score with several scorers at the same time, and reduce their scores to one.

    Scorers that give no score (None) do not count; if none gives any, the sample is unscored, with the reason
    "scoring_failed". If one raises, so does this one. The metrics are those of the first scorer that is registered.

    Parameters
    ----------
    scorers
        The scorers; scanners will do, too.
    reducer
        How their scores become one: a reducer, its name ("mode", "majority", "at_least_2"), or a function from a list
        of scores to a score.

    Raises
    ------
    TypeError
        One of ``scorers`` is not a scorer.
    UnknownNameError
        Nobody registered the reducer.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, exact, includes, match, run_now
    >>> state = TaskState(output="It is Paris", target="Paris")
    >>> run_now(multi_scorer([includes(), match(), exact()], "mode")(state, state.target)).value
    'C'
    """
    return _registered(scorers, reducer)


def _multi_scorer(scorers: Scorers, reducer: str | ScoreReducer) -> Scorer:
    parts = as_scorers(scorers)
    reduce = (create_reducers(reducer) or [])[0]
    at_once = all(map(_never_suspends, parts))

    async def score(state: TaskState, target: Target) -> Score:
        calls = [part(state, target) for part in parts]
        said = [await call for call in calls] if at_once else await _together(calls)
        scores = [score for score in said if score is not None]
        return reduce(scores) if scores else Score.unscored(reason="scoring_failed")

    registry.declare(score, metrics=_metrics(parts))
    return score


def _metrics(parts: Sequence[Scorer]) -> Metrics:
    for part in parts:
        try:
            return metrics_of(part)
        except TypeError:
            continue
    return []


def _never_suspends(part: Scorer) -> bool:
    try:
        return never_suspends(part)
    except TypeError:
        return False


async def _together(calls: Sequence[Awaitable[Any]]) -> list[Any]:
    import asyncio  # noqa: PLC0415 - scorers that never wait do without

    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        # One has raised, or all are given up: no other may go on beside a sample that is done.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


_multi_scorer.__name__ = _multi_scorer.__qualname__ = "multi_scorer"
_registered = registry.register("scorer", "multi_scorer", _multi_scorer, {"metrics": []})
