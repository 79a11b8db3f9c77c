"""What a model picked in a multiple-choice question: the solver's reading of its answer, done again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..choices import letter
from ..registry import unqualified

__all__ = ["picked", "plan_multiple_correct"]

_PICK = r"[A-Za-z\d][A-Za-z\d ,]*?"
_WRAPPERS = (
    (re.compile(rf"\$\s*({_PICK})\s*\$"), r"\1"),
    (re.compile(rf"\*\*\s*({_PICK})\s*\*\*"), r"\1"),
    (re.compile(r"(^|[:,])(\s*)\(([A-Za-z\d])\)(?=\s*(?:,|\.|\n|\Z))"), r"\1\2\3"),
)
_OWN_LINE = re.compile(r"^ANSWER\s*:\s*([A-Za-z\d ,]+)\s*(?:$|\n|\.)", re.IGNORECASE | re.MULTILINE)
_ANYWHERE = re.compile(r"ANSWER\s*:\s*([A-Za-z\d ,]+)(?:[^\w]|\n|$|\.)", re.IGNORECASE)


def picked(completion: str, count: int, multiple_correct: bool = False) -> frozenset[int]:
    """Tell which choices a completion picks.

    The last "ANSWER: ..." that stands on a line of its own counts, or else the last one anywhere. ``$A$``, ``**A**``
    and ``(A)`` are the same as ``A``.

    Parameters
    ----------
    completion
        The model's answer.
    count
        How many choices there were.
    multiple_correct
        Several may be picked, with commas, spaces, "and" or nothing between them. Otherwise it must be one.

    Returns
    -------
    frozenset of int
        Positions from 0 in the order that the model saw; empty if it picked nothing, or what was not there.

    Examples
    --------
    >>> picked("I think so. **ANSWER: B**", 4), picked("ANSWER: A and C", 4), picked("ANSWER: Z", 4)
    (frozenset({1}), frozenset(), frozenset())
    >>> sorted(picked("ANSWER: A, B, and D", 4, multiple_correct=True))
    [0, 1, 3]
    """
    for wrapper, bare in _WRAPPERS:
        completion = wrapper.sub(bare, completion)
    found = _OWN_LINE.findall(completion) or _ANYWHERE.findall(completion)
    if not found:
        return frozenset()
    said: str = found[-1].strip().upper()
    names = {letter(i): i for i in range(count)}
    if multiple_correct:
        said = said.replace(" AND ", ",").replace(" ", "")
        readings = [{token for token in said.split(",") if token}, set(said)]
    else:
        tokens = [token for token in said.split(",") if token]
        readings = [set(tokens)] if len(tokens) == 1 else []
    for reading in readings:
        if reading <= names.keys():
            return frozenset(names[name] for name in reading)
    return frozenset()


def plan_multiple_correct(plan: Mapping[str, Any]) -> bool | None:
    """Read from a log's plan whether its ``multiple_choice`` solver took several answers; None without that solver.

    Examples
    --------
    >>> plan_multiple_correct({"steps": [{"solver": "multiple_choice", "params": {"multiple_correct": True}}]})
    True
    """
    for step in plan.get("steps") or ():
        if unqualified(step.get("solver", "")) == "multiple_choice":
            return bool((step.get("params") or {}).get("multiple_correct"))
    return None
