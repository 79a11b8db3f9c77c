"""Why a text is no mathematical answer."""

from __future__ import annotations

__all__ = ["MathLimitError", "MathParseError", "MathUnsafeError"]


class MathParseError(ValueError):
    """The text is not mathematics that can be read; another part of the completion may be."""


class MathLimitError(MathParseError):
    """The text would take too long: no other part of the completion is tried in its place."""


class MathUnsafeError(MathParseError):
    """The text looks like a program: no other part of the completion is tried in its place."""
