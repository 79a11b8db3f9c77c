"""How long to wait before something is tried again."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["pauses"]


def pauses(first: float = 0.5, last: float = 30.0) -> Iterator[float]:
    """Yield seconds for ever, each time twice as many, up to the last.

    Examples
    --------
    >>> from itertools import islice
    >>> list(islice(pauses(0.5, 3.0), 5))
    [0.5, 1.0, 2.0, 3.0, 3.0]
    """
    pause = first
    while True:
        yield pause
        pause = min(2 * pause, last)
