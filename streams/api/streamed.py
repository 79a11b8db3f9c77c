"""Samples that are not in the log but come one by one, and get their scores one by one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from ..errors import UsageError

__all__ = ["gather_samples", "hand_back"]

Samples = Callable[[int], AbstractAsyncContextManager[Any]]


async def gather_samples(log: Any, samples: Samples) -> Any:
    """Return the log with its samples.

    Raises
    ------
    UsageError
        Its results do not say how many there are.
    """
    total = log.results.total_samples if log.results is not None else None
    if total is None:
        raise UsageError("the log has no results that say how many samples there are (results.total_samples).")
    gathered = []
    for number in range(total):
        async with samples(number) as sample:
            gathered.append(sample.model_copy())
    return log.model_copy(update={"samples": gathered})


async def hand_back(scored: Any, samples: Samples) -> None:
    """Give each sample its scores and events, where its context manager can do with it what it likes."""
    known = {(sample.id, sample.epoch): sample for sample in scored.samples}
    for number in range(len(scored.samples)):
        async with samples(number) as sample:
            made = known[sample.id, sample.epoch]
            sample.scores, sample.events = made.scores, made.events
