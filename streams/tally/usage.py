"""What one scorer used of models in a run: sums that can be taken back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..events import USAGE_COUNTS, ScorerUsage

__all__ = ["UsageSums"]

MOST_MODELS = 100
"""Models and roles of one scorer; events name them, and all others together are counted as one."""

OTHER = ("other", "")
LONGEST_NAME = 200

MOST = 2**53
"""Of one count in one event; what says more, or is no number, counts as 0."""

PICO = 10**12
"""Costs are counted in whole parts of a USD: a sum of floats would depend on the order in which scores came."""


class UsageSums:
    """Sums by model and role.

    Examples
    --------
    >>> sums = UsageSums()
    >>> sums.add({"openai/gpt-4o": {"calls": 1, "input_tokens": 7, "cost": 0.1}})
    >>> sums.add({"openai/gpt-4o": {"calls": 1, "cost": 0.2}, "x/y": "junk"})
    >>> [(of.model, of.calls, of.input_tokens, of.cost) for of in sums.told("qa")]
    [('openai/gpt-4o', 2, 7, 0.3)]
    >>> sums.take_back({"openai/gpt-4o": {"calls": 1, "cost": 0.2}})
    >>> [(of.calls, of.cost) for of in sums.told("qa")]
    [(1, 0.1)]
    """

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[int]] = {}

    def add(self, usage: Mapping[str, Any]) -> None:
        """Count the field ``usage`` of a `ScoreEmitted`; what has another shape in it is passed over."""
        self._count(usage, 1)

    def take_back(self, usage: Mapping[str, Any]) -> None:
        """Stop counting what was added."""
        self._count(usage, -1)

    def _count(self, usage: Mapping[str, Any], sign: int) -> None:
        for key, entry in _entries(usage):
            if key not in self._sums and len(self._sums) >= MOST_MODELS:
                key = OTHER  # noqa: PLW2901 (the same for all that are too many)
            sums = self._sums.setdefault(key, [0] * (len(USAGE_COUNTS) + 2))
            for place, number in enumerate(_numbers(entry)):
                sums[place] += sign * number

    def told(self, scorer: str) -> list[ScorerUsage]:
        """Return the sums by model and role; those that are zero are left out."""
        return [
            ScorerUsage(
                scorer=scorer,
                model=model,
                role=role or None,
                cost=cost / PICO if priced else None,
                **dict(zip(USAGE_COUNTS, counts, strict=True)),
            )
            for (model, role), (*counts, cost, priced) in sorted(self._sums.items())
            if any(counts)
        ]


def _entries(usage: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for model, entries in usage.items():
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, Mapping):
                role = entry.get("role")
                name = role[:LONGEST_NAME] if isinstance(role, str) else ""
                yield (model[:LONGEST_NAME], name), entry


def _numbers(entry: Mapping[str, Any]) -> Iterator[int]:
    for name in USAGE_COUNTS:
        value = entry.get(name)
        yield value if type(value) is int and 0 <= value < MOST else 0
    cost = entry.get("cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and math.isfinite(cost) and 0 <= cost < MOST:
        yield from (round(cost * PICO), 1)
    else:
        yield from (0, 0)
