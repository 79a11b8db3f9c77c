"""Running variance, standard deviation and standard error."""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import Self

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.value import ValueToFloat

from .base import Metadata, NumberAggregate
from .exact_sum import ExactSum, divide, sqrt_ratio

__all__ = ["Spread", "Variance"]

Spread = Literal["var", "std", "stderr"]


class Variance(NumberAggregate):
    """Sample variance s², standard deviation s, or standard error s / √n; 0 for one score, NaN for none.

    It keeps Σx and Σx² without rounding, and rounds once, in (n Σx² - (Σx)²) / (n (n - 1)) or its root: exact where
    the textbook formula over floats cancels, and where Welford's drifts under retraction.

    Parameters
    ----------
    to_float
        How a score value becomes a number.
    spread
        Which of the three.

    Examples
    --------
    >>> stderr = Variance(spread="stderr")
    >>> for value in ("C", "I", "P", "N"):
    ...     stderr.update(value)
    >>> stderr.get()
    0.23935677693908453
    """

    def __init__(self, to_float: ValueToFloat = DEFAULT_TO_FLOAT, spread: Spread = "var") -> None:
        super().__init__(to_float)
        self._spread = spread
        self._sum, self._squares = ExactSum(), ExactSum()

    def _add(self, x: float, metadata: Metadata, sign: int) -> None:
        total = self._sum
        if sign > 0:
            total.add(x)
        else:
            total.subtract(x)
        try:
            units, denominator = x.as_integer_ratio()
        except (OverflowError, ValueError):
            return  # an infinity or NaN, which the plain sum remembers
        self._squares.add_units(sign * units * units, 2 * (denominator.bit_length() - 1))

    def merge(self, other: Self) -> None:
        self._sum.merge(other._sum)
        self._squares.merge(other._squares)
        self.n += other.n

    def get(self) -> float:
        n = self.n
        if n < 2:
            return 0 if n else float("nan")
        if self._sum.special is not None:
            return float("nan")
        # In units of 2**-(2 * shift): n Σx² - (Σx)², never negative since nothing was rounded.
        shift = max(self._sum.shift * 2, self._squares.shift)
        squares = self._squares.units << (shift - self._squares.shift)
        squared = self._sum.units**2 << (shift - 2 * self._sum.shift)
        numerator, denominator = n * squares - squared, n * (n - 1) << shift
        if self._spread == "var":
            return divide(numerator, denominator)
        return sqrt_ratio(numerator, denominator if self._spread == "std" else denominator * n)

    def state(self) -> Any:
        return [self.n, self._sum.state(), self._squares.state()]

    def restore(self, state: Any) -> None:
        self.n = state[0]
        self._sum.restore(state[1])
        self._squares.restore(state[2])
