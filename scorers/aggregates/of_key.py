"""A running metric over one key of dict values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.aggregate import OnMissing, leaf
from evalstream.scorers.value import Value, ValueToFloat

from .base import Aggregate, Metadata

__all__ = ["OfKey"]


class OfKey(Aggregate):
    """An aggregate of what dict values have under a key; NaN where nothing is left of them.

    Parameters
    ----------
    inner
        The aggregate.
    key, to_float, on_missing
        As those of the metric `aggregate`.

    Raises
    ------
    ValueError
        On update: a value that is not a dict, or that lacks the key though it must not.

    Examples
    --------
    >>> from evalstream.scorers.aggregates.mean import Mean
    >>> words = OfKey(Mean(), "words", on_missing="skip")
    >>> for value in ({"words": 4}, {"words": 8}, {"words": None}):
    ...     words.update(value)
    >>> words.get(), words.n
    (6.0, 3)
    """

    def __init__(
        self, inner: Aggregate, key: str, *, to_float: ValueToFloat | None = None, on_missing: OnMissing = "error"
    ) -> None:
        self._inner, self._key, self._to_float, self._on_missing = inner, key, to_float, on_missing
        self.gives_dict = inner.gives_dict
        self.n = 0

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self._pass(self._inner.update, value, metadata)
        self.n += 1

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        self._pass(self._inner.retract, value, metadata)
        self.n -= 1

    def _pass(self, change: Callable[[Value, Metadata], None], value: Value, metadata: Metadata) -> None:
        item = leaf(value, self._key, self._to_float, self._on_missing)
        if item is not None:
            change(item, metadata)

    def merge(self, other: Self) -> None:
        self._inner.merge(other._inner)
        self.n += other.n

    def get(self) -> Any:
        return self._inner.get() if self._inner.n else float("nan")

    def state(self) -> Any:
        return [self.n, self._inner.state()]

    def restore(self, state: Any) -> None:
        self.n = state[0]
        self._inner.restore(state[1])
