"""The options that something was made with, as a log writes them, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from evalstream.scorers import registry
from evalstream.scorers.errors import InvalidOptionError

__all__ = ["create_from_log", "logged_options"]


def logged_options(instance: object) -> dict[str, Any]:
    """Return the options that an instance was made with, as JSON values.

    A metric among them becomes ``{"type": "metric", "name": ..., "params": {...}}``, a function its name, an object of
    another kind its name or the name of its type.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy, grouped
    >>> logged_options(grouped(accuracy(), "topic"))
    {'metric': {'type': 'metric', 'name': 'accuracy', 'params': {}}, 'group_key': 'topic'}
    """
    return {name: _logged(_with_made(value)) for name, value in registry.tag_of(instance).options.items()}


def _with_made(value: object) -> Any:
    if isinstance(value, (list, tuple)):
        return [_with_made(item) for item in value]
    if isinstance(value, dict):
        return {key: _with_made(item) for key, item in value.items()}
    try:
        kind = registry.tag_of(value).entry.kind
    except TypeError:
        return value
    return {"type": kind, "name": registry.short_log_name(value), "params": logged_options(value)}


def _logged(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if hasattr(value, "as_option"):  # a model, whose class is imported by those who ask models only
        return value.as_option()
    if callable(value) and hasattr(value, "__name__"):
        return value.__name__
    if isinstance(value, (dict, list, BaseModel)):
        return to_jsonable_python(value, fallback=_of_object)
    return getattr(value, "name", None) or getattr(value, "__name__", None) or type(value).__name__


def _of_object(item: Any) -> Any:
    return item.as_option() if hasattr(item, "as_option") else getattr(item, "__name__", None)


def create_from_log(kind: registry.Kind, name: str, options: Mapping[str, Any] | None) -> Any:
    """Make a scorer or metric again from the name and options that a log holds.

    Raises
    ------
    UnknownNameError
        Nobody registered the name.
    InvalidOptionError
        The options do not fit, or one of them was a function, of which a log keeps no more than the name.
    """
    for option, value in (options or {}).items():
        if option in {"to_float", "value_to_float"} and isinstance(value, str):
            raise InvalidOptionError(
                kind, name, f"the log says that its option {option!r} was a function named {value!r}, and no more"
            )
    return registry.create(kind, name, {key: _made(value) for key, value in (options or {}).items()})


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return [_made(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {"type", "name", "params"}:
            return create_from_log(value["type"], value["name"], value["params"])
        return {key: _made(item) for key, item in value.items()}
    return value
