"""Asking again: which failures, how often, and after which pause."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from ..errors import ModelAnswerError, ModelCallError

if TYPE_CHECKING:
    from tenacity import RetryCallState

__all__ = ["MAX_RETRIES", "is_worth_another_try", "patiently", "pause_after"]

T = TypeVar("T")

MAX_RETRIES = 8

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds: each pause is up to twice as long as the one before."""

LONGEST_RETRY_AFTER = 300.0
"""Seconds. A service that asks for more (a quota of the day is used up) is not waited for here."""


async def patiently(attempt: Callable[[], Awaitable[T]], retries: int) -> T:
    """Make an attempt until it succeeds, fails for good, or there were too many.

    Parameters
    ----------
    attempt
        Makes one attempt.
    retries
        How many may follow the first one.

    Raises
    ------
    ModelCallError, ModelAnswerError
        Those of the last attempt.
    """
    try:
        return await attempt()
    except (ModelCallError, ModelAnswerError) as error:
        if not retries or not is_worth_another_try(error):
            raise
        pause = pause_after(error, 1)
    # Not before: nearly all calls succeed at once, and this takes 20 ms to import and a tenth of a call's own work.
    from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt  # noqa: PLC0415

    await asyncio.sleep(pause)
    retrying = AsyncRetrying(
        stop=stop_after_attempt(retries), wait=_wait, retry=retry_if_exception(is_worth_another_try), reraise=True
    )

    async def once() -> T:  # tenacity awaits only what it sees to be `async`
        return await attempt()

    return await retrying(once)


def is_worth_another_try(error: BaseException) -> bool:
    """Tell whether the same request may be answered the next time.

    Examples
    --------
    >>> is_worth_another_try(ModelCallError("openai/gpt-4o", "too many requests", transient=True, status=429))
    True
    >>> is_worth_another_try(ModelCallError("openai/gpt-4o", "no such model", status=404))
    False
    """
    if isinstance(error, ModelCallError):
        return error.transient and (error.retry_after or 0.0) <= LONGEST_RETRY_AFTER
    return isinstance(error, ModelAnswerError)


def pause_after(error: BaseException | None, attempts: int) -> float:
    """Return the seconds to wait after so many attempts.

    With jitter: the calls that an outage stopped at one moment should not all come back at another. What a service asks
    for is waited at least.
    """
    longest = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 16), LONGEST_PAUSE)
    asked = error.retry_after if isinstance(error, ModelCallError) else None
    if asked is None:
        return random.uniform(longest / 2, longest)
    return asked + random.uniform(0.0, min(longest, 0.25 * asked + 0.05))


def _wait(state: RetryCallState) -> float:
    return pause_after(state.outcome.exception() if state.outcome else None, state.attempt_number + 1)
