"""Waiting for what another process or thread does: by looking again and again, and never longer than is allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["wait_for"]

PATIENCE = 90.0

Result = TypeVar("Result")


def wait_for(look: Callable[[], Result], what: object, seconds: float = PATIENCE) -> Result:
    """Return what a look gives as soon as that is anything; fail with what was waited for."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        pause.wait(0.03)
    return seen
