"""A sum of floats without rounding, so that neither order nor retraction can change it."""

from __future__ import annotations

from math import inf, isnan, isqrt, nan

__all__ = ["ExactSum", "divide", "sqrt_ratio"]


class ExactSum:
    """An exact, retractable sum of floats and ints.

    Every finite float is an integer times a power of two, so the sum is kept as one Python integer ``units`` that
    counts units of 2 to the power of ``-shift``. The shift grows to the finest number seen (at most 1074, the finest
    float there is). Infinities and NaN are counted apart, so that they too can be taken back.

    Examples
    --------
    >>> total = ExactSum()
    >>> for x in (1e100, 0.1, -1e100):
    ...     total.add(x)
    >>> total.value()
    0.1
    >>> total.subtract(0.1)
    >>> total == ExactSum()
    True
    """

    __slots__ = ("_infinite", "_nan", "_negative", "shift", "units")

    def __init__(self) -> None:
        self.units = self.shift = 0
        self._infinite = self._negative = self._nan = 0

    def add(self, x: float) -> None:
        """Add a number."""
        self._add(x, 1)

    def subtract(self, x: float) -> None:
        """Take a number back that was added before."""
        self._add(x, -1)

    def _add(self, x: float, sign: int) -> None:
        try:
            units, denominator = x.as_integer_ratio()
        except (OverflowError, ValueError):  # of an infinity and of NaN
            self._nan += sign * isnan(x)
            self._infinite += sign * (x == inf)
            self._negative += sign * (x == -inf)
            return
        self.add_units(sign * units, denominator.bit_length() - 1)

    def add_units(self, units: int, shift: int) -> None:
        """Add ``units`` times 2 to the power of ``-shift``."""
        if shift == self.shift:
            self.units += units
        elif shift < self.shift:
            self.units += units << (self.shift - shift)
        else:
            self.units = (self.units << (shift - self.shift)) + units
            self.shift = shift

    def merge(self, other: ExactSum) -> None:
        """Add another sum."""
        self.add_units(other.units, other.shift)
        self._infinite += other._infinite
        self._negative += other._negative
        self._nan += other._nan

    @property
    def special(self) -> float | None:
        """The sum if it is not finite (inf, -inf or NaN), else None."""
        if self._nan or (self._infinite and self._negative):
            return nan
        return inf if self._infinite else -inf if self._negative else None

    def value(self) -> float:
        """Round the sum to the nearest float."""
        return self.mean(1)

    def mean(self, n: int) -> float:
        """Round the sum divided by n to the nearest float."""
        special = self.special
        return special if special is not None else divide(self.units, n << self.shift)

    def state(self) -> list[int | str]:
        """Return the sum as JSON values, the same for equal sums; see `restore`."""
        zeros = min(self.shift, (self.units & -self.units).bit_length() - 1) if self.units else self.shift
        return [hex(self.units >> zeros), self.shift - zeros, self._infinite, self._negative, self._nan]

    def restore(self, state: list[int | str]) -> None:
        """Become the sum that `state` told of."""
        units, self.shift, self._infinite, self._negative, self._nan = state  # type: ignore[assignment]
        self.units = int(str(units), 16)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactSum) and self.state() == other.state()

    __hash__ = None  # type: ignore[assignment] # it changes

    def __repr__(self) -> str:
        return f"ExactSum({self.value()!r})"


def divide(numerator: int, denominator: int) -> float:
    """Divide two integers, rounding once; beyond the range of floats the result is infinite."""
    try:
        return numerator / denominator
    except OverflowError:
        return inf if (numerator > 0) == (denominator > 0) else -inf


def sqrt_ratio(numerator: int, denominator: int) -> float:
    """Square root of a ratio of two integers (the first not negative, the second positive), rounding once.

    Examples
    --------
    >>> sqrt_ratio(1, 4), sqrt_ratio(2, 1) == 2**0.5
    (0.5, True)
    """
    # The ratio is scaled by 4**scale to at least 128 bits, so that the integer root has 64 or more: more than the 53 of
    # a float. The last bit is set if the root is not whole, which is all that rounding to nearest needs to know.
    scale = max(0, (130 - numerator.bit_length() + denominator.bit_length()) // 2)
    scaled, remainder = divmod(numerator << (2 * scale), denominator)
    root = isqrt(scaled)
    if remainder or root * root != scaled:
        root |= 1
    return divide(root, 1 << scale)
