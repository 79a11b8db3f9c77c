"""What a command sets for its whole process; a library must not, a command may."""

from __future__ import annotations

import ctypes
import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["imports_for_good", "no_alarm_at_first", "only_our_words", "share_freed_memory"]

_M_ARENA_MAX = -8  # of glibc's malloc.h


@contextmanager
def imports_for_good() -> Iterator[None]:
    """Import without looking for garbage among what lives as long as the process: a tenth faster."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def only_our_words(library: str = "aiokafka") -> None:
    """Keep a library's log to itself: while a broker is away Kafka's client writes ten lines a second.

    What matters of it our own errors and warnings say.
    """
    logging.getLogger(library).setLevel(logging.CRITICAL)


def no_alarm_at_first() -> None:
    """Leave out that a new Kafka has no coordinator of groups yet: the first worker's question makes it have one."""
    coordinator = logging.getLogger("aiokafka.consumer.group_coordinator")
    coordinator.addFilter(lambda record: "GroupCoordinatorNotAvailable" not in record.getMessage())


def share_freed_memory() -> None:
    """Have all threads take memory from one place.

    By default glibc gives each thread a place of its own, and what one thread has freed is of no use to the others. A
    long log's writer takes a tenth less with one place. Other C libraries lack the call, and the habit.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
