"""Sandboxes: the files that a sample left behind, and commands over them, inside a scorer.

What a scorer may need is captured when a log is published, as a *snapshot* of files. `sandbox()` reads it; commands run
in a fresh folder that is restored from it, if the worker allows that.
"""

from typing import TYPE_CHECKING, Any

from .context import SandboxSet, in_sandboxes, sandbox
from .errors import (
    ExecTimeoutError,
    NoSandboxError,
    OutputLimitExceededError,
    SandboxError,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from .result import ExecResult

if TYPE_CHECKING:
    from .environment import Sandbox

__all__ = [
    "ExecResult",
    "ExecTimeoutError",
    "NoSandboxError",
    "OutputLimitExceededError",
    "Sandbox",
    "SandboxError",
    "SandboxSet",
    "SandboxUnavailableError",
    "SandboxUserUnsupportedError",
    "in_sandboxes",
    "sandbox",
]


def __getattr__(name: str) -> Any:
    # With asyncio and subprocesses: few scorers look at files, and the process should start quickly.
    if name == "Sandbox":
        from .environment import Sandbox  # noqa: PLC0415

        return Sandbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
