"""What became of a command."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ExecResult"]


@dataclass(frozen=True)
class ExecResult:
    """What a command printed, and how it ended.

    Attributes
    ----------
    success
        Whether the exit code was 0.
    returncode
        The exit code; negative for a signal, 127 for a command that is not there.
    stdout, stderr
        What it printed, as text; bytes that are no UTF-8 become U+FFFD.
    """

    success: bool
    returncode: int
    stdout: str
    stderr: str
