"""What an aggregate is: a metric kept up to date one score at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.value import Value, ValueToFloat

__all__ = ["SCORE_METADATA", "Aggregate", "Metadata", "NumberAggregate"]

Metadata = Mapping[str, Any] | None
"""Metadata of the sample that a score belongs to."""

SCORE_METADATA = "evalstream: metadata of the score"
"""Key beside the sample's metadata under which the score's own are, for metrics that read them.

Of a reduced score these are its first epoch's, like the sample's. No sample has a key of such a name.
"""


class Aggregate(ABC):
    """A metric over a multiset of scores that can be added to, taken from, and merged with another.

    The laws, which `tests/scorers/aggregate_checks.py` puts to every aggregate: the order of updates, and how they are
    spread over aggregates that are then merged, changes not one bit of `get` or `state`; `retract` after `update`
    leaves no trace; and `get` is what the metric would compute over the same scores.

    An update that raises changes nothing, and the retraction of the same score raises too.
    """

    n: int
    """Number of scores."""

    gives_dict = False
    """Whether the value over some scores is a dict of numbers."""

    @abstractmethod
    def update(self, value: Value, metadata: Metadata = None) -> None:
        """Add a score, which must not be an unscored one.

        Raises
        ------
        ValueError, TypeError
            The value or the sample's metadata do not fit.
        """

    @abstractmethod
    def retract(self, value: Value, metadata: Metadata = None) -> None:
        """Take back a score that was added before, with the same metadata."""

    @abstractmethod
    def merge(self, other: Self) -> None:
        """Add the scores of another aggregate of the same metric, which is left as it is."""

    @abstractmethod
    def get(self) -> Any:
        """Return the metric's value: a number, or a dict of numbers.

        Without scores it is what final results hold: the dict that the metric gives for an empty list, or else NaN.
        """

    @abstractmethod
    def state(self) -> Any:
        """Return all that is remembered as JSON values, the same for the same multiset of scores."""

    @abstractmethod
    def restore(self, state: Any) -> None:
        """Become what `state` told of; called on a new aggregate of the same metric."""


class NumberAggregate(Aggregate):
    """An aggregate that sees scores as numbers.

    Parameters
    ----------
    to_float
        How a score value becomes a number.
    """

    def __init__(self, to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> None:
        self._to_float = to_float
        self.n = 0

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self._add(self._to_float(value), metadata, 1)
        self.n += 1

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        self._add(self._to_float(value), metadata, -1)
        self.n -= 1

    @abstractmethod
    def _add(self, x: float, metadata: Metadata, sign: int) -> None: ...
