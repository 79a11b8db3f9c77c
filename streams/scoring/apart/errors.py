"""What may become of a process that scores."""

from __future__ import annotations

from ...errors import StreamsError

__all__ = ["EndedError", "NotStartedError"]


class EndedError(StreamsError):
    """The process has ended, and what it had not answered is lost."""


class NotStartedError(EndedError):
    """The process could not load the scorers."""
