"""How many scores there are."""

from __future__ import annotations

from typing_extensions import Self

from evalstream.scorers.value import Value

from .base import Aggregate, Metadata

__all__ = ["Count"]


class Count(Aggregate):
    """Number of scores.

    Examples
    --------
    >>> count = Count()
    >>> count.update("C")
    >>> count.get()
    1
    """

    def __init__(self) -> None:
        self.n = 0

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self.n += 1

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        self.n -= 1

    def merge(self, other: Self) -> None:
        self.n += other.n

    def get(self) -> int:
        return self.n

    def state(self) -> int:
        return self.n

    def restore(self, state: int) -> None:
        self.n = state
