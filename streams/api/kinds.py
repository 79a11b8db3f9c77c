"""Logs of ours and of Inspect's: which one it is, and how the one that was given takes in what came of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

from .log import EvalLog
from .read import read_eval_log

if TYPE_CHECKING:
    import inspect_ai.log

__all__ = ["AnyLog", "is_log", "read_like", "take_in"]

AnyLog = TypeVar("AnyLog", "EvalLog", "inspect_ai.log.EvalLog")

_NOT_OF_THE_FILE = {"location", "etag"}


def is_log(value: object) -> bool:
    """Tell whether it is a log in memory, of ours or of Inspect's.

    Examples
    --------
    >>> is_log("my.eval"), is_log(None)
    (False, False)
    """
    return isinstance(value, EvalLog) or _is_inspects(value)


def read_like(log: AnyLog, path: str | os.PathLike[str]) -> AnyLog:
    """Read a file as a log of the same kind, as if it came from where that one did."""
    if isinstance(log, EvalLog):
        made: Any = read_eval_log(path)
    else:
        # Whoever has such a log has it imported.
        from inspect_ai.log import read_eval_log as read_theirs  # noqa: PLC0415

        made = read_theirs(os.fspath(path))
    for name in _NOT_OF_THE_FILE:
        if hasattr(log, name):
            setattr(made, name, getattr(log, name))
    return made  # type: ignore[no-any-return]


def take_in(log: AnyLog, other: AnyLog) -> None:
    """Make a log what another one of its kind is; samples that both have stay the same objects."""
    samples = {(sample.id, sample.epoch): sample for sample in log.samples or ()}
    for sample in other.samples or ():
        old: Any = samples.get((sample.id, sample.epoch))
        if old is not None:
            old.scores, old.events = sample.scores, sample.events
    for name in type(log).model_fields:
        if name != "samples" and name not in _NOT_OF_THE_FILE:
            setattr(log, name, getattr(other, name))


def _is_inspects(value: object) -> bool:
    kind = type(value)
    return kind.__name__ == "EvalLog" and kind.__module__.partition(".")[0] == "inspect_ai"
