"""Score values: the constants, their type, and how a value becomes a number."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

__all__ = [
    "CORRECT",
    "INCORRECT",
    "NOANSWER",
    "PARTIAL",
    "UNCHANGED",
    "Value",
    "ValueToFloat",
    "is_unscored",
    "value_to_float",
]

logger = logging.getLogger(__name__)

CORRECT = "C"
INCORRECT = "I"
PARTIAL = "P"
NOANSWER = "N"

UNCHANGED: Literal["UNCHANGED"] = "UNCHANGED"
"""In a score edit: keep what is there."""

Scalar = str | int | float | bool

Value = Scalar | Sequence[Scalar] | Mapping[str, Scalar | None]
"""A scalar, a list of scalars, or a mapping whose leaves are scalars or None. A float NaN means *unscored*."""

ValueToFloat = Callable[[Value], float]


def is_unscored(value: object) -> bool:
    """Tell whether a value (or one leaf of it) is the *unscored* sentinel, a float NaN.

    Examples
    --------
    >>> is_unscored(float("nan")), is_unscored(0.0), is_unscored("nan"), is_unscored(None)
    (True, False, False, False)
    """
    return isinstance(value, float) and math.isnan(value)


def value_to_float(
    correct: Value = CORRECT,
    incorrect: Value = INCORRECT,
    partial: Value = PARTIAL,
    noanswer: Value = NOANSWER,
) -> ValueToFloat:
    """Make the function that turns a score value into a number.

    The sentinels are compared first (with ``==``), numbers pass through, "yes"/"true" and "no"/"false" are 1 and 0 in
    any case, other strings are read as a finite Python float. What is left (lists, dicts, None, other text) is 0.0,
    with a warning in the log: one for each of these kinds, however many values there are. The function never raises.

    Parameters
    ----------
    correct, incorrect, partial, noanswer
        The values that stand for 1.0, 0.0, 0.5 and 0.0.

    Examples
    --------
    >>> to_float = value_to_float()
    >>> [to_float(v) for v in ("C", "P", "I", "N", True, 3, "Yes", " 5 ", "1_000")]
    [1.0, 0.5, 0.0, 0.0, 1.0, 3.0, 1.0, 5.0, 1000.0]
    >>> value_to_float(correct=5, incorrect=1, partial=3)(3)
    0.5
    """
    warned: set[str] = set()

    def to_float(value: Value) -> float:
        if value == correct:
            return 1.0
        if value == partial:
            return 0.5
        if value in (incorrect, noanswer):
            return 0.0
        if isinstance(value, (int, float)):
            return float(value)
        if isinstance(value, str):
            lowered = value.lower()
            if lowered in {"yes", "true"}:
                return 1.0
            if lowered in {"no", "false"}:
                return 0.0
            try:
                number = float(value)
            except ValueError:
                pass
            else:
                if math.isfinite(number):
                    return number
        kind = "text" if isinstance(value, str) else "None" if value is None else type(value).__name__
        if kind not in warned:
            warned.add(kind)
            logger.warning(
                "A score value of %r is not a number; it counts as 0.0, and so does other such %s.", value, kind
            )
        return 0.0

    return to_float
