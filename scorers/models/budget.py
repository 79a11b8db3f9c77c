"""What may be spent on model calls."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..errors import BudgetError, PricesError
from ..output import ModelUsage
from .prices import Price

__all__ = ["Budget", "Spending"]

PAUSE = 0.05
"""Seconds between two looks at whether there is room."""


class Spending:
    """One call's share of a budget: an estimate while it is under way, then what it used."""

    def __init__(self, estimate: float) -> None:
        self.amount = estimate
        self.used = False


class Budget:
    """A limit on USD or on tokens; threads may share one.

    Calls under way count with what calls used on average so far; near the limit a call waits until it is known what
    those before it used. So many calls at once overshoot the limit by little more than one of them would.

    Parameters
    ----------
    usd, tokens
        The limit, in one of the two.

    Examples
    --------
    >>> budget = Budget(tokens=100)
    >>> async def call():
    ...     async with budget.spending("mockllm/model", None, input_tokens=10) as spending:
    ...         budget.settle(spending, ModelUsage(total_tokens=120), None)
    >>> asyncio.run(call())
    >>> asyncio.run(call())
    Traceback (most recent call last):
        ...
    evalstream.scorers.errors.BudgetError: The budget for judges is spent: 120 of 100 tokens.
    """

    def __init__(self, *, usd: float | None = None, tokens: int | None = None) -> None:
        if (usd is None) == (tokens is None):
            raise ValueError("a budget is in USD or in tokens: give one of the two")
        limit = usd if usd is not None else tokens
        if limit is None or not limit >= 0:
            raise ValueError(f"a budget is not negative, but {limit!r} is")
        self.in_usd = usd is not None
        self._limit = float(limit)
        self._lock = threading.Lock()
        self._spent = self._reserved = 0.0
        self._calls = 0

    @property
    def spent(self) -> float:
        """USD or tokens that were used so far."""
        return self._spent

    @asynccontextmanager
    async def spending(self, model: str, price: Price | None, input_tokens: int) -> AsyncIterator[Spending]:
        """Make room for one call.

        Parameters
        ----------
        model, price
            Which model, and what its tokens cost.
        input_tokens
            About how many tokens will be sent.

        Raises
        ------
        BudgetError
            There is no room.
        PricesError
            The budget is in USD, and the model has no price.
        """
        if self.in_usd and price is None:
            raise PricesError(
                f"A budget in USD needs to know what {model} costs: add it to the file of prices, or give the budget in"
                " tokens."
            )
        while (spending := self._reserve(price, input_tokens)) is None:
            await asyncio.sleep(PAUSE)  # not an event: those that it waits for may be on another thread
        try:
            yield spending
        finally:
            if not spending.used:
                with self._lock:
                    self._reserved -= spending.amount

    def settle(self, spending: Spending, usage: ModelUsage | None, price: Price | None) -> None:
        """Replace a call's estimate by what it used; one whose service did not say keeps its estimate."""
        with self._lock:
            self._reserved -= spending.amount
            if usage is not None:
                spending.amount = price.cost(usage) if self.in_usd and price else float(usage.total_tokens)
            self._spent += spending.amount
            self._calls += 1
            spending.used = True

    def _reserve(self, price: Price | None, input_tokens: int) -> Spending | None:
        """Make room for a call; None if that depends on the calls under way."""
        with self._lock:
            if self._spent >= self._limit:
                raise BudgetError(f"The budget for judges is spent: {self._told()}.")
            if self._spent + self._reserved >= self._limit:
                return None
            estimate = float(input_tokens)
            if self.in_usd and price is not None:
                estimate = price.cost(ModelUsage(input_tokens=input_tokens))
            if self._calls:
                estimate = max(estimate, self._spent / self._calls)
            self._reserved += estimate
            return Spending(estimate)

    def _told(self) -> str:
        if self.in_usd:
            return f"{self._spent:.4f} of {self._limit:.2f} USD"
        return f"{self._spent:.0f} of {self._limit:.0f} tokens"
