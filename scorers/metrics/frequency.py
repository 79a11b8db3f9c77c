"""How often each value occurs, for scorers that sort answers into categories."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum

from evalstream.scorers import registry
from evalstream.scorers.metric import Metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value

from .values import values_of

__all__ = ["Categories", "categorical", "category_of", "frequencies", "frequency"]

Categories = Sequence[str] | type[Enum] | None


def _frequency(categories: Sequence[str] | None = None, normalize: bool = True) -> Metric:
    """Register what `frequency` makes: its categories are plain texts, which a log can hold."""

    def shares(scores: Sequence[SampleScore]) -> Value:
        return frequencies(Counter(map(category_of, values_of(scores))), categories, normalize)

    return shares


_frequency.__name__ = _frequency.__qualname__ = "frequency"
_registered = registry.register("metric", "frequency", _frequency, {"scores": "unreduced"})


def frequency(categories: Categories = None, normalize: bool = True) -> Metric:
    """Share of each value: a dict from category to its share, of each epoch's own scores and not the reduced ones.

    For dict values declare it by key, as in ``metrics={"*": [frequency()]}``.

    Parameters
    ----------
    categories
        All categories, as texts or as an Enum whose values are texts. They come first, and one that does not occur is
        0.0; others follow in the order in which they occur. By default there are only those that occur.
    normalize
        False for counts in place of shares.

    Raises
    ------
    TypeError
        ``categories`` is one text. When called: a value that is a list or dict.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> scores = [SampleScore(score=Score(value=v)) for v in ("refused", "answered", "refused", "refused")]
    >>> frequency(["answered", "partly"])(scores)
    {'answered': 0.25, 'partly': 0.0, 'refused': 0.75}
    """
    return _registered(_labels(categories), normalize)


# So that a forgotten call, metrics=[frequency], is told as such.
functools.update_wrapper(frequency, _registered, assigned=())


def categorical(categories: Categories = None) -> list[Metric]:
    """Return the metrics of a scorer whose values are categories, ``[frequency(categories)]``.

    Examples
    --------
    >>> [registry.log_name(metric) for metric in categorical(["yes", "no"])]
    ['inspect_ai/frequency']
    """
    return [frequency(categories)]


def category_of(value: Value | None) -> str:
    """Return the category that a value stands for.

    Raises
    ------
    TypeError
        The value is a list or dict.
    """
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        raise TypeError(
            f"frequency() takes single values, and one is a {type(value).__name__}: declare it by key, as in"
            ' metrics={"*": [frequency()]}.'
        )
    return str(value)


def frequencies(counts: Mapping[str, int], categories: Sequence[str] | None, normalize: bool) -> dict[str, float]:
    """Return the share (or count) of the declared categories and of those that were counted, in this order."""
    total = float(sum(counts.values())) or 1.0
    names = dict.fromkeys([*(categories or ()), *counts])
    return {name: counts.get(name, 0) / (total if normalize else 1.0) for name in names}


def _labels(categories: Categories) -> list[str] | None:
    if categories is None:
        return None
    if isinstance(categories, str):
        raise TypeError(f"frequency() takes a list of categories, and not one text: [{categories!r}], perhaps?")
    if isinstance(categories, type):
        return [str(member.value) for member in categories]
    return [str(category) for category in categories]
