"""How `exact` and `f1` see a text: words without case, punctuation and articles, numbers in one form."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Sequence

__all__ = ["normalise", "words"]

_EDGES = string.whitespace + string.punctuation
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SEPARATOR = re.compile("[ -]")
_ARTICLES = frozenset({"a", "an", "the"})
_ARTICLE = re.compile(r"\b(?:an|a|the)\b")
_DIGIT = re.compile(r"\d")


def normalise(text: str, stop_words: frozenset[str] = frozenset()) -> str:
    """Bring a text into the form that is compared.

    Spaces and hyphens separate words (so a minus sign gets lost, as in Inspect).

    Parameters
    ----------
    text
        What the model or the target says.
    stop_words
        Words to leave out, in normal form.

    Examples
    --------
    >>> normalise("The cat-flap costs $3.50!"), normalise("(1,000)")
    ('cat flap costs 3.5', '1000.0')
    """
    forms = (_word(token) for token in _SEPARATOR.split(text) if token)
    return " ".join(form for form in forms if form and form not in stop_words)


def words(text: str, stop_words: frozenset[str] = frozenset()) -> list[str]:
    """Return the words of a text in normal form."""
    return normalise(text, stop_words).split()


def normal_stop_words(stop_words: Sequence[str] | None) -> frozenset[str]:
    """Bring stop words into the form in which `normalise` compares them."""
    return frozenset(_word(word) for word in stop_words or ())


def _word(token: str) -> str:
    token = token.casefold()
    if token.isalpha():
        return "" if token in _ARTICLES else token  # most words: no number, no punctuation, nothing to split
    if _DIGIT.search(token):
        number = _finite(token)
        if number is None:
            number = _finite(token.strip(_EDGES))
        if number is None:
            number = _finite(token.translate(_NO_PUNCTUATION))
        if number is not None:
            return str(number)
    return " ".join(_ARTICLE.sub(" ", token.translate(_NO_PUNCTUATION)).split())


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
