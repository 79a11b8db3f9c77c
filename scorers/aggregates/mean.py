"""Running mean, also of accuracy."""

from __future__ import annotations

from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.value import ValueToFloat

from .base import Metadata, NumberAggregate
from .exact_sum import ExactSum

__all__ = ["Mean"]


class Mean(NumberAggregate):
    """Mean of the scores, correctly rounded; NaN without any.

    The batch metrics add floats, so their last digits may differ: `accuracy` sums from the left, `mean` pairwise. On
    scores such as 0, 0.5 and 1, whose float sums are exact, all three are equal.

    Examples
    --------
    >>> mean = Mean()
    >>> for value in ("C", "I", "P"):
    ...     mean.update(value)
    >>> mean.retract("I")
    >>> mean.get()
    0.75
    """

    def __init__(self, to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> None:
        super().__init__(to_float)
        self._sum = ExactSum()

    def _add(self, x: float, metadata: Metadata, sign: int) -> None:
        if sign > 0:
            self._sum.add(x)
        else:
            self._sum.subtract(x)

    def merge(self, other: Self) -> None:
        self._sum.merge(other._sum)
        self.n += other.n

    def get(self) -> float:
        return self._sum.mean(self.n) if self.n else float("nan")

    def state(self) -> Any:
        return [self.n, self._sum.state()]

    def restore(self, state: Any) -> None:
        self.n = state[0]
        self._sum.restore(state[1])
