"""How long things took, in buckets."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["Histogram"]


class Histogram:
    """Counts values by upper bounds.

    The client library's own takes a lock for each value, since its values may come from any thread; all of ours come
    from the event loop.

    Parameters
    ----------
    bounds
        The buckets' inclusive upper bounds, ascending; one for all greater values comes by itself.

    Examples
    --------
    >>> histogram = Histogram([0.1, 1.0])
    >>> for value in (0.1, 0.5, 7.0):
    ...     histogram.observe(value)
    >>> histogram.buckets(), histogram.sum
    ([('0.1', 1), ('1.0', 2), ('+Inf', 3)], 7.6)
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value; one that is no number, or negative since two clocks differ, counts as 0."""
        value = value if value > 0 and math.isfinite(value) else 0.0
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def buckets(self) -> list[tuple[str, float]]:
        """Return upper bounds, as Prometheus writes them, and how many values were at most that."""
        names = [*map(str, self._bounds), "+Inf"]
        return list(zip(names, itertools.accumulate(self._counts), strict=True))
