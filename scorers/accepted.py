"""What is accepted where a scorer is asked for: one or several, scanners among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from . import registry
from .scanners.as_scorer import as_scorer
from .scanners.scanner import Scanner
from .scanners.scout import is_scout_scanner
from .scanners.transcript import Transcript
from .scorer import Scorer

__all__ = ["Scorers", "as_scorers"]

Scorers = Union[Scorer, Scanner[Transcript], Sequence[Union[Scorer, Scanner[Transcript]]]]  # noqa: UP007 (docs show it as it is written)
"""A scorer, a scanner, or several of them."""


def as_scorers(scorers: Scorers) -> list[Scorer]:
    """Return one or several scorers as a list; scanners become scorers.

    Raises
    ------
    TypeError
        One of them is something else.

    Examples
    --------
    >>> from evalstream.scorers import exact, match
    >>> len(as_scorers([match(), exact()])), len(as_scorers(match()))
    (2, 1)
    """
    items = scorers if isinstance(scorers, Sequence) else [scorers]
    return [_as_scorer(item) for item in items]


def _as_scorer(item: Any) -> Scorer:
    if not callable(item):
        raise TypeError(f"{item!r} is not a scorer: make one, as in match() or your own @scorer")
    kind = registry.kind_of(item)
    if kind == "scanner" or is_scout_scanner(item):
        return as_scorer(item)
    if kind not in (None, "scorer"):
        raise TypeError(f"{registry.log_name(item)!r} is a {kind}, not a scorer")
    made: Scorer = item
    return made
