"""Reading a log, or its header, into `EvalLog`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from evalstream.scorers.jsontext import JsonTextError, join_object, loads
from evalstream.scorers.problems import first_problem
from evalstream.scorers.sample import resolve_attachments as resolved

from ..errors import DamagedLogError, SampleDecodeError
from ..logs.order import rescore_order
from ..logs.source import LogSource, cut_sample, open_log
from .listing import EvalLogInfo, local_path
from .log import EvalLog, EvalSampleReductions
from .log_sample import EvalSample

__all__ = ["LogFile", "read_eval_log"]

Model = TypeVar("Model", bound=BaseModel)

LogFile = str | os.PathLike[str] | EvalLogInfo

_OF_CALLS = "call"


def read_eval_log(
    log_file: LogFile | IO[bytes],
    header_only: bool = False,
    resolve_attachments: bool | Literal["full", "core"] = False,
    format: Literal["eval", "json", "auto"] = "auto",
    exclude_fields: set[str] | None = None,
) -> EvalLog:
    """Read a log.

    Parameters
    ----------
    log_file
        A path, what `list_eval_logs` lists, or a file open for reading bytes (the log's ``location`` is "" then).
    header_only
        Leave out samples and reductions; takes the same time for a log of any size (``.eval``).
    resolve_attachments
        Put texts that are kept in a sample's ``attachments`` back in their places: True or "full" everywhere, "core"
        everywhere but in the raw calls of model events.
    format
        For Inspect's sake; what format a log has is told by its content.
    exclude_fields
        Fields of samples to leave out, such as ``{"events", "attachments"}``; those that a sample must have stay.

    Returns
    -------
    EvalLog
        Samples of a ``.eval`` are sorted by epoch and id, those of a ``.json`` are in the file's order: as in Inspect.

    Raises
    ------
    LogError
        There is no such file, it is no log, or it is damaged; says where.
    """
    if not isinstance(log_file, (str, os.PathLike, EvalLogInfo)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log"
            with path.open("wb") as copy:
                shutil.copyfileobj(log_file, copy)
            log = read_eval_log(path, header_only, resolve_attachments, format, exclude_fields)
        log.location = ""
        return log
    location = path_of(log_file)
    with open_log(location) as source:
        log = validated(EvalLog, source, source.header, "header")
        log.location = location
        if not header_only:
            log.samples = list(_samples(source, exclude_fields or set(), resolve_attachments))
            if source.format == "eval":
                order = rescore_order([s.id for s in log.samples], [s.epoch for s in log.samples])
                log.samples = [log.samples[place] for place in map(int, order)]
            log.reductions = _reductions(source)
    return log


def path_of(log_file: LogFile) -> str:
    """Return the path of a log, however it is named."""
    return log_file.path if isinstance(log_file, EvalLogInfo) else local_path(os.fspath(log_file))


def validated(model: type[Model], source: LogSource, data: Any, member: str) -> Model:
    """Make a model of what a log holds; `DamagedLogError` if it is not what a log holds."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DamagedLogError(source.path, first_problem(error), member) from error


def _samples(source: LogSource, excluded: set[str], resolve: bool | Literal["full", "core"]) -> Iterator[EvalSample]:
    needed = {name for name, field in EvalSample.model_fields.items() if field.is_required()}
    for i in range(source.sample_count):
        members = cut_sample(source, i)
        for name in excluded - needed:
            members.pop(name, None)
        text = join_object(members)
        try:
            sample = _sample(text, resolve)
        except JsonTextError as error:
            raise SampleDecodeError(source.path, str(error), source.sample_name(i)) from error
        except ValidationError as error:
            raise SampleDecodeError(source.path, first_problem(error), source.sample_name(i)) from error
        yield sample


def _sample(text: bytes, resolve: bool | Literal["full", "core"]) -> EvalSample:
    if resolve and b"attachment://" in text:
        return EvalSample.model_validate(_with_attachments(loads(text), resolve == "core"))
    try:
        return EvalSample.model_validate_json(text)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] != "json_invalid":
            raise
    # What pydantic's parser refuses (a lone surrogate, deep nesting) the other one may take.
    return EvalSample.model_validate(loads(text))


def _with_attachments(sample: dict[str, Any], core: bool) -> dict[str, Any]:
    attachments = sample.get("attachments")
    if not isinstance(attachments, dict):
        return sample
    whole = {key: resolved(value, attachments) for key, value in sample.items() if key != "attachments"}
    if not core:
        return {**whole, "attachments": {}}
    # The raw calls keep their references, and so the texts that these refer to stay.
    for old, new in zip(sample.get("events") or [], whole.get("events") or [], strict=True):
        if isinstance(new, dict) and _OF_CALLS in new:
            new[_OF_CALLS] = old[_OF_CALLS]
    pools = sample.get("events_data")
    if isinstance(pools, dict) and "calls" in pools:
        whole["events_data"]["calls"] = pools["calls"]
    return {**whole, "attachments": attachments}


def _reductions(source: LogSource) -> list[EvalSampleReductions] | None:
    pieces = source.reductions()
    if pieces is None or source.header.get("results") is None:
        return None
    try:
        entries = loads(b"".join(pieces))
    except JsonTextError as error:
        raise DamagedLogError(source.path, f"not JSON ({error})", "reductions") from error
    if not isinstance(entries, list):
        return None
    return [validated(EvalSampleReductions, source, entry, f"reductions[{i}]") for i, entry in enumerate(entries)]
