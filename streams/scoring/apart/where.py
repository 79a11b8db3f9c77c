"""Which scorers run in a process of their own."""

from __future__ import annotations

from collections.abc import Iterator

from evalstream.scorers import registry
from evalstream.scorers.origins import origin_of
from evalstream.scorers.scorer import Scorer

__all__ = ["belongs_apart", "is_portable"]


def belongs_apart(scorer: Scorer) -> bool:
    """Tell whether a scorer runs what a user wrote, and so may keep the interpreter's lock for ever.

    Examples
    --------
    >>> from evalstream.scorers import match, model_graded_qa
    >>> belongs_apart(match()), belongs_apart(model_graded_qa(grade_pattern="(a+)+$"))
    (False, True)
    """
    return any(
        tag.entry.package != registry.BUILTIN_PACKAGE or tag.options.get("grade_pattern") is not None
        for tag in _tags(scorer)
    )


def is_portable(scorer: Scorer) -> bool:
    """Tell whether another process could make the same: all that it is made of is built in, or came from a source."""
    return all(
        tag.entry.package == registry.BUILTIN_PACKAGE or origin_of(tag.entry) is not None for tag in _tags(scorer)
    )


def _tags(part: object) -> Iterator[registry.Tag]:
    """Yield the tags of a scorer, and of what it is made of."""
    try:
        tag = registry.tag_of(part)
    except TypeError:
        return
    yield tag
    for option in tag.options.values():
        for inner in option if isinstance(option, (list, tuple)) else [option]:
            if callable(inner):
                yield from _tags(inner)
