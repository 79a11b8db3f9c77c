"""Running shares of categories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from typing_extensions import Self

from evalstream.scorers.metrics.frequency import category_of, frequencies
from evalstream.scorers.value import Value

from .base import Aggregate, Metadata

__all__ = ["Frequency"]


class Frequency(Aggregate):
    """Share of each category: those declared in their order, others sorted, since scores come in any order.

    Parameters
    ----------
    categories, normalize
        As those of the metric `frequency`.

    Raises
    ------
    TypeError
        On update: a list or dict.

    Examples
    --------
    >>> frequency = Frequency(["yes"])
    >>> for value in ("no", "maybe", "no", "no"):
    ...     frequency.update(value)
    >>> frequency.get()
    {'yes': 0.0, 'maybe': 0.25, 'no': 0.75}
    """

    gives_dict = True

    def __init__(self, categories: Sequence[str] | None = None, normalize: bool = True) -> None:
        self._categories, self._normalize = categories, normalize
        self._counts: Counter[str] = Counter()
        self.n = 0

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self._counts[category_of(value)] += 1
        self.n += 1

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        category = category_of(value)
        self._counts[category] -= 1
        if not self._counts[category]:
            del self._counts[category]
        self.n -= 1

    def merge(self, other: Self) -> None:
        self._counts.update(other._counts)
        self.n += other.n

    def get(self) -> dict[str, float] | float:
        shares = frequencies(self.state(), self._categories, self._normalize)
        return shares or float("nan")

    def state(self) -> dict[str, int]:
        return dict(sorted(self._counts.items()))

    def restore(self, state: dict[str, int]) -> None:
        self._counts = Counter(state)
        self.n = sum(state.values())
