"""What a scorer used of models for one sample, as its event tells it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a worker of text scorers never needs it
    from evalstream.scorers.models import Usage, UsageLog

__all__ = ["used_by"]

COST_DIGITS = 12
"""Of a cost in USD: those that the tally counts, see `tally.usage`."""


def used_by(logs: Iterable[UsageLog]) -> dict[str, Any] | None:
    """Return the field ``usage`` of `ScoreEmitted`: what all attempts used, by model; None if they asked none.

    Zeros are left out. A model that played several roles has a list, an entry for each.

    Examples
    --------
    >>> from evalstream.scorers.models import Usage, UsageLog
    >>> log = UsageLog()
    >>> log.add("qa", "openai/gpt-4o", Usage(calls=1, input_tokens=7, total_tokens=7, cost=0.5), role="grader")
    >>> log.add("qa", "openai/gpt-4o", Usage(cached=1), role="grader")
    >>> used_by([log])
    {'openai/gpt-4o': {'role': 'grader', 'calls': 1, 'cached': 1, 'input_tokens': 7, 'total_tokens': 7, 'cost': 0.5}}
    >>> used_by([]) is None
    True
    """
    sums: dict[tuple[str, str], Usage] = {}
    for log in logs:
        for (_, model, role), usage in log.by_role().items():
            known = sums.get((model, role))
            sums[model, role] = usage if known is None else known + usage
    found: dict[str, list[dict[str, Any]]] = {}
    for (model, role), usage in sorted(sums.items()):
        found.setdefault(model, []).append(({"role": role} if role else {}) | _told(usage))
    return {model: told[0] if len(told) == 1 else told for model, told in found.items()} or None


def _told(usage: Usage) -> dict[str, Any]:
    told = {name: value for name, value in dataclasses.asdict(usage).items() if value}
    if usage.cost is not None:
        told["cost"] = round(usage.cost, COST_DIGITS)
    return told
