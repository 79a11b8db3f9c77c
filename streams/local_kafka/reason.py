"""Why a node ended, from its log."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["reason_in", "tail_of"]

TAIL_BYTES = 64 * 1024
LINES = 4
LONGEST = 300

# What goes as it should, the inner lines of a stack trace, and Java's warnings of its own future.
_TALK = re.compile(r"\S+ (INFO|DEBUG) |\s|WARNING: ")


def tail_of(log: Path) -> str:
    """Return the end of a log file, "" if there is none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - TAIL_BYTES, 0))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def reason_in(log: str) -> str:
    r"""Return the last lines of a log that tell of trouble, each once; its last line if none does.

    Examples
    --------
    >>> log = "12:00 ERROR Main - ends\na.BigError: x\n\tat Main\nCaused by: b.SmallError: y\n12:01 INFO Main - ended"
    >>> reason_in(log)
    '12:00 ERROR Main - ends / a.BigError: x / Caused by: b.SmallError: y'
    >>> reason_in("12:00 INFO Main - begins\n12:00 INFO Main - works")
    '12:00 INFO Main - works'
    >>> reason_in("")
    'its log is empty'
    """
    lines = [line.rstrip()[:LONGEST] for line in log.splitlines() if line.strip()]
    # Kafka tells of one error at each level that it passes, the innermost cause last: so the last of equal lines stays.
    telling = dict.fromkeys(line for line in reversed(lines) if not _TALK.match(line))
    return " / ".join(list(telling)[:LINES][::-1] or lines[-1:]) or "its log is empty"
