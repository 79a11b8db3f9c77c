"""What all of a log but its samples and reductions must look like, in either format."""

from __future__ import annotations

from typing import Any

from evalstream.scorers.jsontext import JsonTextError
from evalstream.streams.errors import DamagedLogError, NotALogError

__all__ = ["LOG_VERSION", "check_header", "damaged_json"]

LOG_VERSION = 2
"""The newest version of Inspect's format that we know."""


def check_header(path: str, header: Any, member: str | None = None) -> dict[str, Any]:
    """Return `header` if a log may have it.

    Raises
    ------
    NotALogError
        It has no ``eval``, or a version that we do not know.
    """
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        raise NotALogError(path, f"this is no log: {member or 'the object'} has no 'eval' section.")
    version = header.get("version", LOG_VERSION)
    if not isinstance(version, int) or version > LOG_VERSION:
        raise NotALogError(
            path, f"a log of version {version!r}; this evalstream reads up to {LOG_VERSION}. A newer one may read it."
        )
    return header


def damaged_json(path: str, member: str, error: JsonTextError) -> DamagedLogError:
    """Say that a part of the log that must be JSON is not."""
    return DamagedLogError(path, f"not JSON ({error})", member)
