"""Reducers by name: "at_least_2" and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.errors import ReducerError, UnknownNameError
from evalstream.scorers.reducer import ScoreReducer

__all__ = ["check_epochs", "create_reducers", "reducer_log_name"]

_NAME_AND_K = re.compile(r"(.*?)_(\d+)")
_NEEDS_K_EPOCHS = ("pass_at", "pass_k", "at_least")


def create_reducers(
    reducers: str | ScoreReducer | Sequence[str | ScoreReducer] | None,
) -> list[ScoreReducer] | None:
    """Make reducers from their names; ready-made ones are kept, and None (the implicit mean) stays None.

    A name such as "at_least_2" is the reducer ``at_least`` with ``k=2``, unless a reducer of just that name exists.

    Raises
    ------
    UnknownNameError
        Nobody registered the name.
    InvalidOptionError
        The reducer needs a k and the name has none, or the other way round.

    Examples
    --------
    >>> import evalstream.scorers.reducers
    >>> [reducer_log_name(r) for r in create_reducers(["mean", "at_least_2"])]
    ['mean', 'at_least_2']
    """
    if reducers is None:
        return None
    items: Iterable[str | ScoreReducer]
    items = reducers if isinstance(reducers, Sequence) and not isinstance(reducers, str) else [reducers]
    return [_create(item) if isinstance(item, str) else item for item in items]


def _create(name: str) -> ScoreReducer:
    options: dict[str, Any] = {}
    try:
        registry.find("score_reducer", name)
    except UnknownNameError:
        match = _NAME_AND_K.fullmatch(name)
        if match:
            name, options = match[1], {"k": int(match[2])}
    reducer: ScoreReducer = registry.create("score_reducer", name, options)
    return reducer


def reducer_log_name(reducer: ScoreReducer) -> str:
    """Name of a reducer as a log writes it, with its k if it was made with one."""
    tag = registry.tag_of(reducer)
    name = registry.short_log_name(reducer)
    suffix = f"_{tag.options['k']}" if "k" in tag.options else ""
    return name if name.endswith(suffix) else name + suffix


def check_epochs(reducers: Iterable[ScoreReducer] | None, epochs: int) -> None:
    """Check that there are enough epochs for each reducer.

    Raises
    ------
    ReducerError
        A reducer such as ``pass_at_5`` needs more epochs than there are.
    """
    for reducer in reducers or ():
        k = registry.tag_of(reducer).options.get("k")
        name = reducer_log_name(reducer)
        if k is not None and name.startswith(_NEEDS_K_EPOCHS) and int(k) > epochs:
            raise ReducerError(f"The reducer {name!r} needs {k} epochs, but the eval has {epochs}.")
