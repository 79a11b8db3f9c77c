"""Where in a completion the answer may stand."""

from __future__ import annotations

import re

from .errors import MathLimitError
from .texts import LONGEST, bare, has_prose_around_math, last_box, last_delimited, with_latex

__all__ = ["answer_candidates", "target_candidates"]

LONGEST_COMPLETION = 1_000_000

_MARKER = re.compile(r"(?:final\s+answer|answer|result)\s*(?:is\b|[:=])\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?\s*%?")


def answer_candidates(completion: str) -> list[str]:
    r"""Return what may be the answer, the likeliest first.

    That is the last box; the rest of the line after the last "answer is"; all of it, if it is short and mixes words
    with formulas; the last formula between delimiters; all of it, if it is not too long; the last line; the last
    number.

    Raises
    ------
    MathLimitError
        The completion has more than a million characters.

    Examples
    --------
    >>> answer_candidates(r"Hence the answer is $x=5$, that is \boxed{5}")
    ['5', '$x=5$, that is \\boxed{5}', 'Hence the answer is $x=5$, that is \\boxed{5}', 'x=5']
    """
    text = with_latex(completion)
    if len(text) > LONGEST_COMPLETION:
        raise MathLimitError("the completion is too long")
    mixed = has_prose_around_math(text)
    lines = [line for line in text.splitlines() if line.strip()]
    return _distinct(
        last_box(text),
        _after_marker(text),
        text if mixed else None,
        last_delimited(text),
        text if not mixed and len(text) <= LONGEST else None,
        lines[-1] if lines else None,
        _last(_NUMBER, text),
    )


def target_candidates(target: str) -> list[str]:
    """Return what of a target may be the answer: its last box, and all of it."""
    text = with_latex(target)
    return _distinct(last_box(text), text)


def _after_marker(text: str) -> str | None:
    end = -1
    for found in _MARKER.finditer(text):
        end = found.end()
    return text[end:].splitlines()[0] if 0 <= end < len(text) else None


def _last(expression: re.Pattern[str], text: str) -> str | None:
    last: str | None = None
    for found in expression.finditer(text):
        last = found[0]
    return last


def _distinct(*candidates: str | None) -> list[str]:
    stripped = (bare(candidate) for candidate in candidates if candidate is not None)
    return list(dict.fromkeys(candidate for candidate in stripped if candidate))
