"""How far a worker is behind its topics."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Lag", "LagClock"]


class Lag(NamedTuple):
    """What is not done yet: records, and seconds since the oldest of them was published."""

    records: int
    seconds: float


class LagClock:
    """Tells lag in seconds, also of records that nobody has looked at.

    A record that an agent has says when it was published. What waits on the broker does not; it has waited at least
    since it was first seen there, which is exact enough: records wait there only while a partition is held up.

    Parameters
    ----------
    wall, steady
        Seconds since 1970, and seconds that only go forward; tests bring their own.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._since: dict[tuple[str, int], tuple[int, float]] = {}

    def of(self, partition: tuple[str, int], end: int, position: int, oldest: tuple[int, int] | None) -> Lag:
        """Return a partition's lag.

        Parameters
        ----------
        partition
            Topic and number.
        end, position
            The offset that the next record will get, and the one that is fetched next.
        oldest
            Offset and timestamp (in ms) of the oldest record that an agent has and is not done with.

        Examples
        --------
        >>> clock = LagClock(lambda: 100.0, iter([0.0, 2.0]).__next__)
        >>> clock.of(("t", 0), 10, 10, (7, 95_000))
        Lag(records=3, seconds=5.0)
        >>> clock.of(("t", 0), 10, 10, None)
        Lag(records=0, seconds=0.0)
        >>> clock.of(("t", 0), 11, 10, None), clock.of(("t", 0), 15, 10, None)
        (Lag(records=1, seconds=0.0), Lag(records=5, seconds=2.0))
        """
        if oldest is not None:
            self._since.pop(partition, None)
            return Lag(max(end - oldest[0], 1), max(self._wall() - oldest[1] / 1000, 0.0))
        if end <= position:
            self._since.pop(partition, None)
            return Lag(0, 0.0)
        now = self._steady()
        seen_at, since = self._since.setdefault(partition, (position, now))
        if seen_at != position:  # those that waited are done; others wait now
            self._since[partition] = (position, now)
            since = now
        return Lag(end - position, now - since)
