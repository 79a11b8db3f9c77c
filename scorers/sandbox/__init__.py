"""Sandboxes: the files that a sample left behind, and commands over them, inside a scorer.

What a scorer may need is captured when a log is published, as a *snapshot* of files. `sandbox()` reads it; commands run
in a fresh folder that is restored from it, if the worker allows that.
"""

from .context import SandboxSet, in_sandboxes, sandbox
from .environment import Sandbox
from .errors import (
    ExecTimeoutError,
    NoSandboxError,
    OutputLimitExceededError,
    SandboxError,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)
from .result import ExecResult

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
