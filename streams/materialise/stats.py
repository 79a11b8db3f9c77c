"""The ``stats`` of a scored log: what judges used, and how the eval itself had ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalstream.scorers.plain import as_object

from ..events import USAGE_COUNTS, ScorerUsage

__all__ = ["BEFORE", "ended", "with_ending", "with_usage"]

BEFORE = "before_scoring"
"""Where an eval's own status and error are kept, if the log's are those of a scoring that left gaps."""

_STATUSES = ("started", "success", "cancelled", "error")
_TOKENS = tuple(name for name in USAGE_COUNTS if "tokens" in name)
_ALWAYS = ("input_tokens", "output_tokens", "total_tokens")


def with_usage(stats: object, usage: Sequence[ScorerUsage], append: bool) -> dict[str, Any]:
    """Return stats to which a scoring's use of models is added.

    ``model_usage`` and ``role_usage`` are Inspect's, and grow by what the scoring paid for: all that was spent on the
    eval so far. ``scorer_usage`` is ours: by scorer and model what the scores of the last scoring took, answers of the
    judge cache (``cached``) included; an appending one adds to it.

    Examples
    --------
    >>> used = ScorerUsage(scorer="qa", model="m/j", role="grader", calls=1, input_tokens=5, total_tokens=5, cost=0.5)
    >>> stats = with_usage({"model_usage": {"m/j": {"input_tokens": 1, "output_tokens": 2}}}, [used], append=False)
    >>> stats["model_usage"]["m/j"]
    {'input_tokens': 6, 'output_tokens': 2, 'total_tokens': 5, 'total_cost': 0.5}
    >>> stats["scorer_usage"]
    {'qa': {'m/j': {'calls': 1, 'input_tokens': 5, 'output_tokens': 0, 'total_tokens': 5, 'total_cost': 0.5}}}
    >>> with_usage(stats, [], append=False) == {key: stats[key] for key in ("model_usage", "role_usage")}
    True
    """
    result = dict(as_object(stats))
    if not append:
        result.pop("scorer_usage", None)
    for one in usage:
        spent = _counts(one, _TOKENS)
        if any(spent.values()):
            _add(result, ("model_usage", one.model), spent)
            if one.role is not None:
                _add(result, ("role_usage", one.role), spent)
        _add(result, ("scorer_usage", one.scorer, one.model), _counts(one, USAGE_COUNTS))
    return result


def _counts(usage: ScorerUsage, names: Sequence[str]) -> dict[str, float]:
    counts = {name: getattr(usage, name) for name in names if getattr(usage, name) or name in _ALWAYS}
    return counts if usage.cost is None else {**counts, "total_cost": usage.cost}


def _add(result: dict[str, Any], path: Sequence[str], counts: Mapping[str, float]) -> None:
    """Add counts to those at a path; what has another shape there is replaced."""
    for key in path:
        inner = dict(as_object(result.get(key)))
        result[key] = inner
        result = inner
    for name, count in counts.items():
        known = result.get(name)
        total = count + known if isinstance(known, int | float) and not isinstance(known, bool) else count
        # Costs are counted in parts of 1e-12 USD (`tally.usage`), which a sum of floats would not keep.
        result[name] = round(total, 12) if isinstance(total, float) else total


def ended(stats: object) -> tuple[str, dict[str, Any] | None] | None:
    """Return the status and the error with which an eval itself had ended; None if its log says both.

    Examples
    --------
    >>> ended({"before_scoring": {"status": "success"}}), ended({}), ended({"before_scoring": {"status": "?"}})
    (('success', None), None, None)
    """
    before = as_object(as_object(stats).get(BEFORE))
    status, error = before.get("status"), before.get("error")
    if status not in _STATUSES:
        return None
    return status, dict(error) if isinstance(error, Mapping) else None


def with_ending(stats: object, status: str, error: object) -> dict[str, Any]:
    """Return stats that say how an eval itself had ended, beside a status and an error that are its scoring's."""
    before = {"status": status, "error": error} if error else {"status": status}
    return {**as_object(stats), BEFORE: before}
