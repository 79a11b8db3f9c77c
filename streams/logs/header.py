"""What all of a log but its samples and reductions must look like, in either format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from evalstream.scorers.jsontext import JsonTextError
from evalstream.streams.errors import DamagedLogError, NotALogError

__all__ = ["LOG_VERSION", "check_header", "damaged_json", "odd_part", "print_header"]

LOG_VERSION = 2
"""The newest version of Inspect's format that we know."""


STATUSES = ("started", "success", "cancelled", "error")


def check_header(path: str, header: Any, member: str | None = None) -> dict[str, Any]:
    """Return `header` if a log may have it.

    Raises
    ------
    NotALogError
        It has no ``eval``, or a version that we do not know.
    DamagedLogError
        A part of it is of another kind than in any log.
    """
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        raise NotALogError(path, f"this is no log: {member or 'the object'} has no 'eval' section.")
    version = header.get("version", LOG_VERSION)
    if not isinstance(version, int) or version > LOG_VERSION:
        raise NotALogError(
            path, f"a log of version {version!r}; this evalstream reads up to {LOG_VERSION}. A newer one may read it."
        )
    odd = odd_part(header)
    if odd is not None:
        raise DamagedLogError(path, f"its {odd!r} is no object", member)
    status = header.get("status", "started")
    if status not in STATUSES:
        raise DamagedLogError(path, f"its status is {str(status)[:40]!r}; there are {', '.join(STATUSES)}", member)
    return header


def odd_part(header: Mapping[str, Any]) -> str | None:
    """Name a part of a header that is something else where its readers expect an object; None if there is none.

    Examples
    --------
    >>> odd_part({"eval": {"config": None}, "stats": {}}), odd_part({"eval": {"dataset": []}})
    (None, 'eval.dataset')
    """
    parts = {key: header.get(key) for key in ("eval", "plan", "results", "stats", "error")}
    spec = parts["eval"]
    if isinstance(spec, dict):
        parts.update({f"eval.{key}": spec.get(key) for key in ("config", "dataset")})
    return next((key for key, part in parts.items() if part is not None and not isinstance(part, dict)), None)


def print_header(header: Mapping[str, Any], indent: int | None = None) -> bytes:
    """Print a header as Inspect does, NaN as a bare word.

    By the printer that Inspect uses, so that floats look the same; it also takes a tenth of the memory of Python's
    for the ids of 100,000 samples.

    Examples
    --------
    >>> print_header({"tags": [], "metadata": {"x": 1e-7, "y": float("nan")}}).decode()
    '{"tags":[],"metadata":{"x":1e-7,"y":NaN}}'
    """
    try:
        return to_json(dict(header), indent=indent, inf_nan_mode="constants")
    except PydanticSerializationError:  # a lone surrogate
        separators = None if indent else (",", ":")
        return json.dumps(header, indent=indent, separators=separators).encode()


def damaged_json(path: str, member: str, error: JsonTextError) -> DamagedLogError:
    """Say that a part of the log that must be JSON is not."""
    return DamagedLogError(path, f"not JSON ({error})", member)
