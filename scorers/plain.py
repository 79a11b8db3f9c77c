"""Plain data that somebody else wrote: of any shape, with any text in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["as_object", "as_objects", "escaped", "texts_in"]


def as_object(value: object) -> Mapping[str, Any]:
    """Return an object as it is; what is not of that type counts as missing.

    Examples
    --------
    >>> as_object({"a": 1}), as_object([1])
    ({'a': 1}, {})
    """
    return value if isinstance(value, Mapping) else {}


def as_objects(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list; what is no list, and what is no object in it, counts as missing."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def texts_in(value: object) -> Iterator[str]:
    """Yield all texts in lists and objects, however deep, but for the objects' keys.

    Examples
    --------
    >>> sorted(texts_in({"a": ["x", {"b": "y"}], "c": 1}))
    ['x', 'y']
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def escaped(value: Any) -> Any:
    r"""Return the same with each half of a surrogate pair written as its escape: UTF-8 has no form for one.

    Examples
    --------
    >>> escaped({"a": ["\ud83d"]})
    {'a': ['\\ud83d']}
    """
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {key: escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return value
