"""What a log says where the budget for judges did not last: no failure, but its metrics are not of all samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tally.run_state import RunState

__all__ = ["BUDGET_KEY", "told_unpaid", "with_unpaid"]

BUDGET_KEY = "judge_budget"
"""Of ``results.metadata``."""

NAMED = 5


def told_unpaid(run: RunState, label: Callable[[RunState, int], str]) -> str | None:
    """Say which samples have no score because the budget was spent, and what to do; None if there are none.

    Parameters
    ----------
    run
        The run.
    label
        Names a sample of a run by its number.
    """
    sentences = []
    for name, column in zip(run.names(), run.columns, strict=False):
        if column.unpaid:
            first = [number for number in map(int, run.order()) if number in column.unpaid][:NAMED]
            count = len(column.unpaid)
            more = f" and {count - NAMED} more" if count > NAMED else ""
            sentences.append(f"{count} not scored by {name} ({', '.join(label(run, n) for n in first)}{more})")
    if not sentences:
        return None
    samples = run.received if run.expected is None else run.expected
    return (
        f"The budget for judges was spent: of {samples} samples {'; '.join(sentences)}. The same command with a larger"
        " --judge-budget asks for these only, unless it has --no-judge-cache."
    )


def with_unpaid(results: dict[str, Any], sentence: str | None, append: bool) -> dict[str, Any]:
    """Return results whose metadata say it; what an earlier scoring said there goes, unless this one appends."""
    old = results.get("metadata")
    metadata = dict(old) if isinstance(old, dict) else {}
    if not append:
        metadata.pop(BUDGET_KEY, None)
    if sentence is not None:
        metadata[BUDGET_KEY] = sentence
    if metadata == (old or {}):
        return results
    if metadata:
        return {**results, "metadata": metadata}
    return {key: value for key, value in results.items() if key != "metadata"}
