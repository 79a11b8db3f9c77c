"""Running agreement of raters."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Hashable, Sequence
from fractions import Fraction
from typing import Any, Literal

from typing_extensions import Self

from evalstream.scorers.metrics.krippendorff import ratings_of
from evalstream.scorers.value import Value, ValueToFloat, is_unscored

from .base import Aggregate, Metadata
from .clustered import plain
from .exact_sum import ExactSum, divide

__all__ = ["IntervalAlpha", "NominalAlpha"]


class _Alpha(Aggregate):
    """What both levels share: α = 1 - D_o / D_e from exact sums of the differences within samples, and within all.

    A sample of k ratings counts with weight 1 / (k - 1), so the former are kept for each k.
    """

    level: Literal["nominal", "interval"]

    def __init__(self, to_float: ValueToFloat | None = None) -> None:
        self._to_float = to_float
        self.n = self._ratings = 0
        self._within: dict[int, tuple[ExactSum, int]] = {}  # sum and number of samples

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self._change(value, 1)

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        self._change(value, -1)

    def _change(self, value: Value, sign: int) -> None:
        ratings = ratings_of(value, self.level, self._to_float)
        self.n += sign
        if ratings is not None:
            within = ExactSum()
            self._add(ratings, sign, within)
            self._count(len(ratings), within, sign)

    def _count(self, size: int, within: ExactSum, samples: int) -> None:
        total, count = self._within.get(size) or (ExactSum(), 0)
        total.merge(within)
        if count + samples:
            self._within[size] = (total, count + samples)
        else:
            self._within.pop(size, None)
        self._ratings += size * samples

    def merge(self, other: Self) -> None:
        for size, (total, count) in other._within.items():
            self._count(size, total, count)
        self.n += other.n

    def get(self) -> float:
        n = self._ratings
        if not n or self._is_special():
            return float("nan")
        expected = _fraction(self._among_all()) / (n * (n - 1))
        if not expected:
            return 1.0
        observed = sum((_fraction(total) / (size - 1) for size, (total, _) in self._within.items()), Fraction()) / n
        alpha = 1 - observed / expected
        return divide(alpha.numerator, alpha.denominator)

    def state(self) -> Any:
        within = [[size, count, total.state()] for size, (total, count) in sorted(self._within.items())]
        return [self.n, within, self._rest()]

    def restore(self, state: Any) -> None:
        self.n = state[0]
        for size, count, total_state in state[1]:
            total = ExactSum()
            total.restore(total_state)
            self._count(size, total, count)
        self._restore_rest(state[2])

    def _is_special(self) -> bool:
        return False

    @abstractmethod
    def _add(self, ratings: Sequence[Any], sign: int, within: ExactSum) -> None:
        """Remember the ratings of a sample; set ``within`` to the change of the sum of differences within samples."""

    @abstractmethod
    def _among_all(self) -> ExactSum:
        """Sum the differences between all ratings."""

    @abstractmethod
    def _rest(self) -> Any: ...

    @abstractmethod
    def _restore_rest(self, state: Any) -> None: ...


class NominalAlpha(_Alpha):
    """Krippendorff's α of ratings that are the same or not; NaN without any.

    Examples
    --------
    >>> alpha = NominalAlpha()
    >>> for ratings in ("CC", "II", "CI"):
    ...     alpha.update(list(ratings))
    >>> round(alpha.get(), 4)
    0.4444
    """

    level = "nominal"

    def __init__(self, to_float: ValueToFloat | None = None) -> None:
        super().__init__(to_float)
        self._counts: Counter[Hashable] = Counter()
        self._squares = self._nan = 0  # Σ count²; NaN, which equals nothing, is counted apart

    def _add(self, ratings: Sequence[Any], sign: int, within: ExactSum) -> None:
        counts = Counter(rating for rating in ratings if not is_unscored(rating))
        alone = len(ratings) - sum(counts.values())
        within.add_units(sign * (len(ratings) ** 2 - alone - sum(count * count for count in counts.values())), 0)
        self._count_all(counts, sign)
        self._nan += sign * alone

    def _count_all(self, counts: Counter[Any], sign: int) -> None:
        for rating, count in counts.items():
            before = self._counts[rating]
            after = self._counts[rating] = before + sign * count
            self._squares += after * after - before * before
            if not after:
                del self._counts[rating]

    def merge(self, other: Self) -> None:
        super().merge(other)
        self._count_all(other._counts, 1)
        self._nan += other._nan

    def _among_all(self) -> ExactSum:
        differences = ExactSum()
        differences.add_units(self._ratings**2 - self._nan - self._squares, 0)
        return differences

    def _rest(self) -> Any:
        counts = [[plain(rating), count] for rating, count in self._counts.items()]
        return [self._nan, sorted(counts, key=lambda item: (type(item[0]).__name__, str(item[0])))]

    def _restore_rest(self, state: Any) -> None:
        self._nan = state[0]
        self._count_all(Counter(dict(state[1])), 1)


class IntervalAlpha(_Alpha):
    """Krippendorff's α of ratings that are numbers, rounded once; NaN without any, and if some are infinite.

    Parameters
    ----------
    to_float
        How a rating that is no number becomes one.

    Raises
    ------
    ValueError
        On update: a rating that is no number, without a ``to_float``.

    Examples
    --------
    >>> alpha = IntervalAlpha()
    >>> for ratings in ([1, 2], [3, 3], [1, 5]):
    ...     alpha.update(ratings)
    >>> round(alpha.get(), 4)
    -0.2319
    """

    level = "interval"

    def __init__(self, to_float: ValueToFloat | None = None) -> None:
        super().__init__(to_float)
        self._sum, self._squares = ExactSum(), ExactSum()  # Σx, Σx²

    def _add(self, ratings: Sequence[Any], sign: int, within: ExactSum) -> None:
        total, squares = ExactSum(), ExactSum()
        for x in ratings:
            total.add(x)
            _add_square(squares, x, 1)
            if sign > 0:
                self._sum.add(x)
            else:
                self._sum.subtract(x)
            _add_square(self._squares, x, sign)
        _add_differences(within, len(ratings), total, squares, sign)

    def merge(self, other: Self) -> None:
        super().merge(other)
        self._sum.merge(other._sum)
        self._squares.merge(other._squares)

    def _among_all(self) -> ExactSum:
        differences = ExactSum()
        _add_differences(differences, self._ratings, self._sum, self._squares, 1)
        return differences

    def _is_special(self) -> bool:
        return self._sum.special is not None

    def _rest(self) -> Any:
        return [self._sum.state(), self._squares.state()]

    def _restore_rest(self, state: Any) -> None:
        self._sum.restore(state[0])
        self._squares.restore(state[1])


def _add_square(squares: ExactSum, x: float, sign: int) -> None:
    try:
        units, denominator = x.as_integer_ratio()
    except (OverflowError, ValueError):
        return  # an infinity or NaN, which the plain sum remembers
    squares.add_units(sign * units * units, 2 * (denominator.bit_length() - 1))


def _add_differences(differences: ExactSum, n: int, total: ExactSum, squares: ExactSum, sign: int) -> None:
    """Add the sum of (x - y)² over all ordered pairs of n numbers, 2 (n Σx² - (Σx)²)."""
    differences.add_units(2 * sign * n * squares.units, squares.shift)
    differences.add_units(-2 * sign * total.units**2, 2 * total.shift)


def _fraction(exact: ExactSum) -> Fraction:
    return Fraction(exact.units, 1 << exact.shift)
