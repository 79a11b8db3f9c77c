"""Finding logs in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel

from ..errors import LogError, UsageError

if TYPE_CHECKING:
    from .log import EvalLog

__all__ = ["EvalLogInfo", "list_eval_logs"]

_BEGINS_WITH_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}[:-]\d{2}[:-]\d{2}.*")


class EvalLogInfo(BaseModel):
    """A log in a folder, without opening it where its name tells enough.

    ``name`` is its path, ``size`` in bytes, ``mtime`` in seconds since 1970; ``suffix`` is what a name has behind the
    task's id, as in ``..._<id>-scored.eval``.
    """

    name: str
    type: str = "file"
    size: int
    mtime: float | None
    task: str = ""
    task_id: str = ""
    suffix: str | None = None

    @property
    def path(self) -> str:
        """Where it is on this machine; Inspect's lists have ``file://`` in front."""
        return local_path(self.name)


def list_eval_logs(
    log_dir: str | os.PathLike[str] | None = None,
    formats: list[Literal["eval", "json"]] | None = None,
    filter: Callable[[EvalLog], bool] | None = None,
    recursive: bool = True,
    descending: bool = True,
    fs_options: Mapping[str, Any] | None = None,
) -> list[EvalLogInfo]:
    """List the logs of a folder, the newest first.

    Parameters
    ----------
    log_dir
        By default ``INSPECT_LOG_DIR``, else ``./logs``. One that is not there has no logs.
    formats
        Only these.
    filter
        Takes a log's header (its samples are None) and tells whether to list it.
    recursive
        Look into folders below, too.
    descending
        The newest first; else the oldest.
    fs_options
        For Inspect's sake; logs are on this machine's disks.

    Returns
    -------
    list of EvalLogInfo
        Files that end in ``.eval``, and those ending in ``.json`` whose names begin with a time, as Inspect names logs.

    Raises
    ------
    UsageError
        ``log_dir`` is a URL of another machine.
    """
    folder = Path(local_path(os.fspath(log_dir or os.environ.get("INSPECT_LOG_DIR", "./logs"))))
    wanted = tuple(f".{format}" for format in formats or ("eval", "json"))
    files = folder.rglob("*") if recursive else folder.glob("*")
    found = [path for path in files if _is_named_like_a_log(path.name, wanted) and path.is_file()]
    states = {path: path.stat() for path in sorted(found)}
    paths = sorted(states, key=lambda path: states[path].st_mtime, reverse=descending)
    infos = (_info(path, states[path]) for path in paths)
    return list(infos if filter is None else _filtered(infos, filter))


def local_path(location: str) -> str:
    """Return the path that a location names, ``file://`` or not.

    Raises
    ------
    UsageError
        It is on another machine.

    Examples
    --------
    >>> local_path("logs/a.eval"), local_path("file:///tmp/a%20b.eval")
    ('logs/a.eval', '/tmp/a b.eval')
    """
    if "://" not in location:
        return location
    parts = urlsplit(location)
    if parts.scheme != "file":
        raise UsageError(f"{location}: logs are read from this machine's disks; copy it here first.")
    return unquote(parts.path)


def _filtered(infos: Iterator[EvalLogInfo], wanted: Callable[[EvalLog], bool]) -> Iterator[EvalLogInfo]:
    from .read import read_eval_log  # noqa: PLC0415 (reads what this module lists)

    return (info for info in infos if wanted(read_eval_log(info, header_only=True)))


def _is_named_like_a_log(name: str, endings: tuple[str, ...]) -> bool:
    return name.endswith(endings) and (name.endswith(".eval") or bool(_BEGINS_WITH_TIME.fullmatch(name)))


def _info(path: Path, state: os.stat_result) -> EvalLogInfo:
    task, task_id, suffix = _of_name(path)
    return EvalLogInfo(
        name=str(path.absolute()), size=state.st_size, mtime=state.st_mtime, task=task, task_id=task_id, suffix=suffix
    )


def _of_name(path: Path) -> tuple[str, str, str | None]:
    """Tell task, id and suffix by the name ``<time>_<task>_<id>-<suffix>``, else by the header."""
    parts = path.stem.split("_")
    if len(parts) > 2 and _BEGINS_WITH_TIME.fullmatch(parts[0]):
        # With four parts the third is the model.
        task_id, *suffixes = parts[3 if len(parts) > 3 else 2].split("-")
        return parts[1], task_id, suffixes[0] if suffixes else None
    from ..logs.source import open_log  # noqa: PLC0415 (most names tell enough)

    try:
        with open_log(path) as source:
            spec = source.header["eval"]
            return str(spec.get("task") or ""), str(spec.get("task_id") or ""), None
    except LogError:
        return "", "", None
