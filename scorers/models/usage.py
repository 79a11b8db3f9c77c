"""Counting what model calls use, by scorer and model."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass

from ..output import ModelUsage

__all__ = ["Usage", "UsageLog"]


@dataclass(frozen=True)
class Usage:
    """What a scorer used of a model.

    ``calls`` were answered by the service and ``cached`` by the judge cache, which costs nothing. ``cost`` is in USD;
    None if the model's price is not known.
    """

    calls: int = 0
    cached: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_cache_write: int = 0
    input_tokens_cache_read: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Add up two.

        Examples
        --------
        >>> (Usage(calls=1, cost=0.5) + Usage(calls=1, cost=0.25) + Usage(cached=1)).cost
        0.75
        """
        sums = {
            field.name: getattr(self, field.name) + getattr(other, field.name)
            for field in dataclasses.fields(self)
            if field.name != "cost"
        }
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(**sums, cost=sum(costs) if costs else None)

    @classmethod
    def of_call(cls, usage: ModelUsage | None, cost: float | None) -> Usage:
        """Describe one call that the service answered."""
        tokens = {
            name: getattr(usage, name, None) or 0
            for name in (field.name for field in dataclasses.fields(cls))
            if name.endswith(("tokens", "write", "read"))
        }
        return cls(calls=1, cost=cost, **tokens)


class UsageLog:
    """Sums of `Usage`, by scorer, model and the role that the model played; threads may share one.

    Examples
    --------
    >>> log = UsageLog()
    >>> log.add("model_graded_qa", "openai/gpt-4o", Usage(calls=1, input_tokens=7))
    >>> log.add("model_graded_qa", "openai/gpt-4o", Usage(cached=1))
    >>> log.total().input_tokens, log.by_scorer_and_model()["model_graded_qa", "openai/gpt-4o"].cached
    (7, 1)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[tuple[str, str, str], Usage] = {}

    def add(self, scorer: str, model: str, usage: Usage, role: str = "") -> None:
        """Count a call."""
        key = (scorer, model, role)
        with self._lock:
            self._sums[key] = self._sums.get(key, Usage()) + usage

    def by_role(self) -> dict[tuple[str, str, str], Usage]:
        """Return the sums so far by scorer, model and role; "" is no role."""
        with self._lock:
            return dict(self._sums)

    def by_scorer_and_model(self) -> dict[tuple[str, str], Usage]:
        """Return the sums so far."""
        sums: dict[tuple[str, str], Usage] = {}
        for (scorer, model, _), usage in self.by_role().items():
            sums[scorer, model] = sums.get((scorer, model), Usage()) + usage
        return sums

    def total(self) -> Usage:
        """Return the sum of all."""
        return sum(self.by_role().values(), Usage())
