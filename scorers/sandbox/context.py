"""Which sandboxes a scorer sees: those of the sample that it is called for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from .errors import NoSandboxError

if TYPE_CHECKING:
    from .environment import Sandbox

__all__ = ["SandboxSet", "current", "in_sandboxes", "sandbox"]

DEFAULT = "default"


class SandboxSet(Protocol):
    """The sandboxes of one sample."""

    def names(self) -> list[str]:
        """Their names, "default" first if it is there."""

    def get(self, name: str) -> Sandbox:
        """Return the sandbox of a name."""


_sandboxes: ContextVar[SandboxSet | None] = ContextVar("evalstream_sandboxes", default=None)


@contextmanager
def in_sandboxes(sandboxes: SandboxSet | None) -> Iterator[None]:
    """Let `sandbox()` mean these inside the block."""
    token = _sandboxes.set(sandboxes)
    try:
        yield
    finally:
        _sandboxes.reset(token)


def current() -> SandboxSet | None:
    """Return the sandboxes of the sample that is being scored here."""
    return _sandboxes.get()


def sandbox(name: str | None = None) -> Sandbox:
    """Return a sandbox of the sample that is being scored.

    Parameters
    ----------
    name
        Its name; by default, and for "default", the first one.

    Raises
    ------
    NoSandboxError
        A ProcessLookupError, as in Inspect: the sample came without a snapshot.
    ValueError
        It has no sandbox of that name.
    """
    sandboxes = _sandboxes.get()
    names = sandboxes.names() if sandboxes is not None else []
    if sandboxes is None or not names:
        raise NoSandboxError(
            "There is no sandbox for this sample: publish (or score) its log with --sandbox-root FOLDER"
            " --sandbox-snapshot 'GLOB', which captures the files that scorers may read."
        )
    if name is None or name == DEFAULT:
        return sandboxes.get(DEFAULT if DEFAULT in names else names[0])
    if name not in names:
        raise ValueError(f"There is no sandbox {name!r} for this sample; there are {', '.join(names)}.")
    return sandboxes.get(name)
