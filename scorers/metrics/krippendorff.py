"""Krippendorff's α: how far raters agree beyond chance."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat, is_unscored

from .values import values_of

__all__ = ["RatingLevel", "krippendorff_alpha", "ratings_of"]

logger = logging.getLogger(__name__)

RatingLevel = Literal["nominal", "ordinal", "interval"]


@metric
def krippendorff_alpha(level: RatingLevel = "nominal", to_float: ValueToFloat | None = None) -> Metric:
    """Agreement of several raters, α = 1 - D_o / D_e: 1 if they agree, 0 if as often as by chance, less if they differ.

    D_o is how far two ratings of one sample differ on average, D_e how far any two ratings do [1]_. A value is the list
    of a sample's ratings, as the reducer "collect" makes it; other values, and lists of fewer than two, are left out
    with a warning. Where all ratings are the same α is 1; without ratings it is NaN.

    Parameters
    ----------
    level
        "nominal": ratings are the same or not. "ordinal": they have an order, and two differ by how many ratings lie
        between them. "interval": they are numbers, and two differ by the square of their difference.
    to_float
        How a rating that is no number becomes one, for "ordinal" and "interval".

    Raises
    ------
    ValueError
        ``level`` is none of the three. When called: a rating that is no number, where numbers are needed.

    References
    ----------
    .. [1] Krippendorff, "Computing Krippendorff's alpha-reliability" (2011),
       https://repository.upenn.edu/asc_papers/43.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> scores = [SampleScore(score=Score(value=list(v))) for v in ("CC", "II", "CI")]
    >>> round(krippendorff_alpha()(scores), 4)
    0.4444
    """
    if level not in ("nominal", "ordinal", "interval"):
        raise ValueError(f'krippendorff_alpha() takes the level "nominal", "ordinal" or "interval", and not {level!r}.')

    def alpha(scores: Sequence[SampleScore]) -> float:
        units = [ratings_of(value, level, to_float) for value in values_of(scores)]
        rated = [unit for unit in units if unit is not None]
        if len(rated) < len(units):
            logger.warning(
                "krippendorff_alpha() left out %d of %d samples: their values are no lists of two or more ratings.",
                len(units) - len(rated),
                len(units),
            )
        if not rated:
            return float("nan")
        if level == "nominal":
            _warn_of_numbers(rated)
            return _alpha(rated, _unequal_pairs)
        return _alpha(_midpoints(rated) if level == "ordinal" else rated, _squared_distances)

    return alpha


def ratings_of(value: Any, level: RatingLevel, to_float: ValueToFloat | None) -> list[Any] | None:
    """Return the ratings in a value, as numbers unless the level is nominal; None if there are fewer than two.

    Raises
    ------
    ValueError
        A rating is no number, and there is no ``to_float``.
    """
    if not isinstance(value, (list, tuple)) or len(value) < 2:
        return None
    ratings = value if level == "nominal" else [_number(rating, level, to_float) for rating in value]
    # NaN equals nothing; but Python's dicts take one and the same NaN object for equal to itself, so each gets its own.
    return [float("nan") if is_unscored(rating) else rating for rating in ratings]


def _number(rating: Any, level: RatingLevel, to_float: ValueToFloat | None) -> float:
    if isinstance(rating, (int, float)):
        return float(rating)
    if to_float is None:
        raise ValueError(
            f"krippendorff_alpha({level!r}) takes ratings that are numbers, and one is {rating!r}: pass a to_float,"
            " such as value_to_float()."
        )
    return to_float(rating)


def _alpha(units: Sequence[Sequence[Any]], disagreement: Callable[[Sequence[Any]], float]) -> float:
    """Compute α; ``disagreement`` gives the sum of the differences between all ordered pairs of some ratings."""
    everything = [rating for unit in units for rating in unit]
    n = len(everything)
    # sum() here and below: its last digit depends on Python's version, and so does that of Inspect.
    observed = sum(disagreement(unit) / (len(unit) - 1) for unit in units) / n
    expected = disagreement(everything) / (n * (n - 1))
    return 1.0 if expected == 0 else 1.0 - observed / expected


def _unequal_pairs(ratings: Sequence[Any]) -> float:
    return float(len(ratings) ** 2 - sum(count * count for count in Counter(ratings).values()))


def _squared_distances(ratings: Sequence[float]) -> float:
    """Sum (x - y)² over all ordered pairs, 2 n Σ(x - x̄)²."""
    n = len(ratings)
    mean = sum(ratings) / n
    return 2 * n * sum((x - mean) ** 2 for x in ratings)


def _midpoints(units: Sequence[Sequence[float]]) -> list[list[float]]:
    """Replace each rating by how many ratings lie below it and half of those equal to it.

    The ordinal difference of two ratings is then the squared difference of these numbers.
    """
    counts = Counter(rating for unit in units for rating in unit)
    midpoints: dict[float, float] = {}
    below = 0.0
    for rating in sorted(counts):
        midpoints[rating] = below + counts[rating] / 2
        below += counts[rating]
    return [[midpoints[rating] for rating in unit] for unit in units]


def _warn_of_numbers(units: Sequence[Sequence[Any]]) -> None:
    distinct = {rating for unit in units for rating in unit}
    if len(distinct) > 2 and all(isinstance(r, (int, float)) and not isinstance(r, bool) for r in distinct):
        logger.warning(
            "krippendorff_alpha() takes %d different numbers as names without an order: should level be"
            ' "ordinal" or "interval"?',
            len(distinct),
        )
