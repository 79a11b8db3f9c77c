"""Where a scored log goes, and what happens to scores that are there."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import click

from evalstream.streams.publish.plan import Action

from ..errors import LogWriteError, UsageError

__all__ = ["check_writable", "choose_action", "choose_output", "scored_name"]


def scored_name(path: Path) -> Path:
    """Return the first of ``<stem>-scored``, ``<stem>-scored-1``, ... that is free.

    Examples
    --------
    >>> scored_name(Path("nowhere/a.eval")).as_posix()
    'nowhere/a-scored.eval'
    """
    stem = path.stem.removesuffix("-scored")
    candidate, count = path.with_name(f"{stem}-scored{path.suffix}"), 0
    while candidate.exists():
        count += 1
        candidate = path.with_name(f"{stem}-scored-{count}{path.suffix}")
    return candidate


def choose_output(log: Path, output_file: Path | None, overwrite: bool | None) -> Path:
    """Decide where a log's scored log goes.

    Parameters
    ----------
    log
        The log that is scored.
    output_file
        What ``--output-file`` says.
    overwrite
        ``--overwrite``, ``--no-overwrite``, or neither: then a terminal is asked, and without one nothing is replaced.

    Raises
    ------
    UsageError
        The output is a folder.
    """
    wanted = output_file or log
    if wanted.is_dir():
        raise UsageError(f"{wanted}: this is a folder; --output-file takes the name of a file.")
    if not wanted.exists() or overwrite:
        return wanted
    fresh = scored_name(wanted)
    if overwrite is None and _asks():
        choice = click.prompt(
            f"{wanted} exists. Overwrite it, or create {fresh.name}?",
            type=click.Choice(["overwrite", "create"]),
            default="create",
            err=True,
        )
        return wanted if choice == "overwrite" else fresh
    return fresh


def choose_action(log: Path, scored: bool, wanted: Action | None, new_scorers: bool) -> Action:
    """Decide whether new scores replace those that a log has, or stand beside them.

    Asks on a terminal. Without one, scorers that were asked for are added, and a log's own scorers replace their scores.
    """
    if wanted is not None:
        return wanted
    if not scored:
        return "overwrite"
    default: Literal["append", "overwrite"] = "append" if new_scorers else "overwrite"
    if not _asks():
        return default
    answer: Action = click.prompt(
        f"{log.name} has scores. Append to them, or overwrite them?",
        type=click.Choice(["append", "overwrite"]),
        default=default,
        err=True,
    )
    return answer


def check_writable(path: Path) -> None:
    """Find out before an hour of scoring that a log cannot be written.

    Raises
    ------
    LogWriteError
        The folder is missing, or does not take new files.
    """
    folder = path.parent
    if not folder.is_dir():
        raise LogWriteError(path, NotADirectoryError(20, "the folder does not exist", str(folder)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LogWriteError(path, PermissionError(13, "the folder may not be written", str(folder)))


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
