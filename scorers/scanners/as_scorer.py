"""`as_scorer`: a scanner as a scorer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import registry
from ..scorer import Metrics, Scorer, check_metrics
from .scanner import scorer_of
from .scout import as_scout_scorer, is_scout_scanner

__all__ = ["as_scorer"]


def as_scorer(scanner: Any, metrics: Metrics | None = None) -> Scorer:
    """Make a scorer of a scanner.

    Parameters
    ----------
    scanner
        What a factory made that is decorated with `scanner`, or with that of the package inspect-scout.
    metrics
        In place of those that the decorator declares.

    Raises
    ------
    TypeError
        It is no such scanner.
    InvalidMetricsError
        ``metrics`` has another shape than a scorer's.

    Examples
    --------
    >>> from evalstream.scorers import Result, TaskState, accuracy, run_now, scanner
    >>> @scanner(messages="all")
    ... def length():
    ...     async def scan(transcript):
    ...         return Result(value=len(transcript.messages))
    ...     return scan
    >>> state = TaskState(input="1 + 1?", output="2")
    >>> run_now(as_scorer(length(), metrics=[accuracy()])(state, state.target)).value
    2
    """
    if metrics is not None:
        check_metrics(metrics)
    if is_scout_scanner(scanner):
        return as_scout_scorer(scanner, metrics)
    tag = registry.tag_of(scanner)
    if tag.entry.kind != "scanner":
        raise TypeError(f"{tag.entry.name!r} is a {tag.entry.kind}, not a scanner")
    reads = tag.entry.metadata
    made = scorer_of(scanner, reads["messages"], reads["events"])
    entry = registry.find("scorer", tag.entry.name)
    if metrics is not None:
        entry = replace(entry, metadata={**entry.metadata, "metrics": metrics})
    return registry.tagged(made, entry, tag.options)
