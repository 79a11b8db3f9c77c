"""What sandboxes raise, besides the errors of files (FileNotFoundError, IsADirectoryError, UnicodeDecodeError).

::

    ScorersError
    └── SandboxError
        ├── NoSandboxError               the sample came without a snapshot
        ├── SandboxUnavailableError      commands are not allowed here, or cannot be run
        ├── SandboxUserUnsupportedError  a command was to run as another user
        ├── ExecTimeoutError             a command took too long
        └── OutputLimitExceededError     a file or an output that is too large
"""

from __future__ import annotations

from ..errors import ScorersError

__all__ = [
    "ExecTimeoutError",
    "NoSandboxError",
    "OutputLimitExceededError",
    "SandboxError",
    "SandboxUnavailableError",
    "SandboxUserUnsupportedError",
]


class SandboxError(ScorersError):
    """Root of these; raised itself for a snapshot that makes no sense."""

    # Nothing of this mends itself by waiting.
    transient = False


class NoSandboxError(SandboxError, ProcessLookupError):
    """The sample came without a snapshot; Inspect raises ProcessLookupError, too."""


class SandboxUnavailableError(SandboxError, RuntimeError):
    """A command cannot be run here."""


class SandboxUserUnsupportedError(SandboxError, RuntimeError):
    """A command was to run as a user that this kind of sandbox cannot be."""


class ExecTimeoutError(SandboxError, TimeoutError):
    """A command took longer than its limit; it has been killed."""


class OutputLimitExceededError(SandboxError):
    """A file, or what a command printed, is larger than the limit.

    Carries ``limit_str``, the limit in words, and ``truncated_output``, what there is of a command's output.
    """

    def __init__(self, limit_str: str, truncated_output: str | None = None) -> None:
        self.limit_str, self.truncated_output = limit_str, truncated_output
        super().__init__(f"The sandbox output stream limit of {limit_str} was exceeded.")
