"""A time limit for code that runs on the main thread and comes back only when it has ended."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["LONGEST", "alarm"]

LONGEST = 10.0
"""Seconds. A regular expression that backtracks holds the interpreter's lock: nothing else of the worker goes on
meanwhile, and Kafka takes its partitions away after 45 s of that."""


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block if it takes longer; on another thread than the main one do nothing.

    Python's regular expressions look for signals while they search, but only on the main thread, and nobody can stop
    them otherwise.

    Examples
    --------
    >>> import re
    >>> with alarm(0.1):
    ...     re.search(r"(a+)+$", "a" * 40 + "b")
    Traceback (most recent call last):
    ...
    TimeoutError: no result after 0.1 s: it would have held up everything else
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"no result after {seconds:g} s: it would have held up everything else")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
