"""A model as the text that logs hold."""

from __future__ import annotations

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from evalstream.scorers.jsontext import dumps

__all__ = ["text_of"]


def text_of(model: BaseModel, exclude: set[str] | None = None, include: set[str] | None = None) -> bytes:
    """Print a model as logs hold it: fields that are None are left out, NaN is a bare word.

    What JSON does not know (an object in metadata) is null; a lone surrogate is escaped.
    """
    try:
        plain = model.model_dump_json(exclude_none=True, exclude=exclude, include=include, fallback=_nothing)
        return plain.encode()
    except (PydanticSerializationError, UnicodeEncodeError):
        return dumps(
            model.model_dump(mode="json", exclude_none=True, exclude=exclude, include=include, fallback=_nothing)
        )


def _nothing(value: object) -> None:
    return None
