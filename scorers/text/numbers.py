"""Numbers in model answers, as `match(numeric=True)` compares them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from .unicode_numbers import unicode_number_to_float

__all__ = ["first_number", "normalized", "parse_number", "strip_numeric_punctuation"]

_ESCAPED = re.compile(r"\\([$,£€*_])")
_DECORATION = str.maketrans("", "", "$,£€*_")
_IDLE_POINT = re.compile(r"\.(?!\d)")
_ENCLOSING = "!?:;()[]{}'\"`"
_MAYBE_NUMBER = re.compile(r"[0-9]|[^\x00-\x7f]")


def strip_numeric_punctuation(text: str) -> str:
    r"""Remove what decorates numbers: ``$ £ € * _``, commas, and points that no digit follows.

    Examples
    --------
    >>> strip_numeric_punctuation(r"It is **\$1,234.50**.")
    'It is 1234.50'
    """
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    return _IDLE_POINT.sub("", text.translate(_DECORATION))


def parse_number(text: str, *, trim: bool = True) -> float | None:
    """Read a finite number, None for anything else.

    Parameters
    ----------
    text
        The number, nothing before or after it.
    trim
        Drop brackets, quotes and sentence marks from both ends first. Comparison signs stay: "<42" is not 42.

    Examples
    --------
    >>> parse_number("(42)!"), parse_number("½"), parse_number("5 apples"), parse_number("inf")
    (42.0, 0.5, None, None)
    """
    if not _MAYBE_NUMBER.search(text):
        return None  # most words: no digit, and nothing that could be one in another script
    if trim:
        text = text.strip(_ENCLOSING)
    try:
        number = float(text)
    except ValueError:
        try:
            number = unicode_number_to_float(text)
        except ValueError:
            return None
    return number if math.isfinite(number) else None


def normalized(number: float) -> str:
    """Print a number with five significant digits, the form in which numbers are compared.

    Examples
    --------
    >>> normalized(42.0), normalized(123456.0)
    ('42', '1.2346e+05')
    """
    return format(number, ".5g")


def first_number(words: Iterable[str]) -> str:
    """Return the first word that is a number, normalised; empty if none is."""
    for word in words:
        number = parse_number(word)
        if number is not None:
            return normalized(number)
    return ""
