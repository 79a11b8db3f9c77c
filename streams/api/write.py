"""Writing a log that is in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, NamedTuple

from evalstream.scorers.jsontext import loads, split_object

from ..errors import LogWriteError, UsageError
from ..logs.model_text import text_of
from ..logs.summary import summarise
from ..logs.target import create_log
from .log import EvalLog

__all__ = ["WriteEvalLogResult", "write_eval_log", "write_to"]

_APART = {"samples", "reductions"}


class WriteEvalLogResult(NamedTuple):
    """What writing a log gives: the SHA-256 of the file, in hex; ``etag`` is None, as of every local file."""

    sha256: str
    etag: str | None = None


def write_eval_log(
    log: EvalLog,
    location: str | os.PathLike[str] | None = None,
    format: Literal["eval", "json", "auto"] = "auto",
) -> WriteEvalLogResult:
    """Write a log; what is at its place is replaced when all of the new one is written, and never in part.

    Parameters
    ----------
    log
        The log; one of Inspect's will do.
    location
        Where it goes; by default where it came from.
    format
        By default what the name's ending says: ``.json``, or anything else for ``.eval``.

    Raises
    ------
    UsageError
        There is no location, the log has no samples (only its header was read), or the format is not what the name
        says.
    LogWriteError
        The folder is missing, the disk is full...
    """
    path = os.fspath(location) if location is not None else log.location
    if not path:
        raise UsageError("the log was not read from a file: say where it goes, write_eval_log(log, 'my.eval').")
    if log.samples is None:
        raise UsageError(f"{path}: only the log's header was read, and without its samples it makes no log.")
    ending = "json" if path.lower().endswith(".json") else "eval"
    if format not in ("auto", ending):
        raise UsageError(f"{path}: the name's ending says what format a log has: call it {Path(path).stem}.{format}.")
    return WriteEvalLogResult(write_to(path, log))


def write_to(path: str | os.PathLike[str], log: Any) -> str:
    """Write a log with its samples to a path; return the SHA-256 of the file, in hex. Errors as `write_eval_log`."""
    header = loads(text_of(log, exclude=_APART))
    reductions = log.reductions
    with create_log(
        path,
        header,
        reductions=[_head(entry) for entry in reductions or ()],
        # Where there are none to reduce, a log has an empty list.
        prepend_reductions=None if reductions is None else [b"[]"],
    ) as target:
        for sample in log.samples:
            text = text_of(sample)
            members = split_object(text)
            try:
                summary = summarise(members, members.get("scores"))
            except ValueError as error:
                raise LogWriteError(path, f"sample {sample.id!r} is not what a sample is ({error}).") from error
            target.add_sample(sample.id, sample.epoch, text, summary)
        for slot, entry in enumerate(reductions or ()):
            for score in entry.samples:
                target.add_reduction(slot, text_of(score))
        return target.commit()


def _head(entry: Any) -> dict[str, Any]:
    head: dict[str, Any] = loads(text_of(entry, exclude={"samples"}))
    return head
