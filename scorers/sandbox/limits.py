"""How large files and outputs may be: Inspect's limits, by Inspect's environment variables."""

from __future__ import annotations

import os

from .errors import SandboxError

__all__ = ["in_words", "most_output", "most_read"]

_READ, _OUTPUT = "INSPECT_SANDBOX_MAX_READ_FILE_SIZE", "INSPECT_SANDBOX_MAX_EXEC_OUTPUT_SIZE"


def most_read() -> int:
    """Return the bytes that a file may have that a scorer reads: 100 MiB, unless the environment says otherwise."""
    return _limit(_READ, 100 * 1024**2)


def most_output() -> int:
    """Return the bytes that a command may print, to each of its two streams: 10 MiB by default."""
    return _limit(_OUTPUT, 10 * 1024**2)


def in_words(size: int) -> str:
    """Name a limit as Inspect's error does.

    Examples
    --------
    >>> in_words(100 * 1024**2), in_words(5 * 1024), in_words(1000)
    ('100 MiB', '5 KiB', '1000 bytes')
    """
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if size >= unit and size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"


def _limit(variable: str, default: int) -> int:
    text = os.environ.get(variable)
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise SandboxError(f"{variable} must be a whole number of bytes above 0, and is {text!r}.")
    return int(text)
