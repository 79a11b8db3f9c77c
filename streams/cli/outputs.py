"""Where a scored log goes, and what happens to scores that are there."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..errors import LogWriteError, UsageError
from ..publish.plan import Action
from .inputs import SUFFIXES
from .text import plain

__all__ = ["check_name", "check_writable", "choose_action", "choose_output", "scored_name"]


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
        The output is a folder or a device, or is of no format that a log can have.
    """
    wanted = output_file or log
    check_name(wanted)
    if not wanted.exists() or overwrite:
        return wanted
    fresh = scored_name(wanted)
    if overwrite is not None or not _asks():
        return fresh
    if _ask(f"Overwrite {wanted} or create a new file?", ("overwrite", "create"), "create") == "overwrite":
        return wanted
    answer = Path(click.prompt("Output file name?", default=str(fresh), err=True))
    check_name(answer)
    return answer


def check_name(path: Path) -> None:
    """Make sure that a log can have this name.

    Raises
    ------
    UsageError
        It is that of a folder or a device, or of no format that a log can have.
    """
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder; --output-file takes the name of a file.")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: this is not a regular file; a log can only be written to one.")
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path}: a log's name ends in .eval or .json, which says what format it has.")


def choose_action(log: Path, scored: bool, wanted: Action | None, new_scorers: bool) -> Action:
    """Decide whether new scores replace those that a log has, or stand beside them.

    Asks on a terminal. Without one, scorers that were asked for are added; a log's own scorers replace their scores.
    """
    if wanted is not None:
        return wanted
    if not scored:
        return "overwrite"
    default: Action = "append" if new_scorers else "overwrite"
    if not _asks():
        return default
    question = f"{log.name} has scores. Overwrite them, or append the new ones?"
    return "append" if _ask(question, ("overwrite", "append"), default) == "append" else "overwrite"


def check_writable(path: Path) -> None:
    """Find out before an hour of scoring that a log cannot be written.

    Raises
    ------
    LogWriteError
        The folder is missing, or does not take new files.
    """
    folder = Path(os.path.realpath(path)).parent
    number = 0
    if not folder.is_dir():
        below_a_file = any(parent.is_file() for parent in (folder, *folder.parents))
        number = errno.ENOTDIR if below_a_file else errno.ENOENT
    elif not os.access(folder, os.W_OK | os.X_OK):
        number = errno.EACCES
    if number:
        raise LogWriteError(path, OSError(number, os.strerror(number)))


def _ask(question: str, choices: Sequence[str], default: str) -> str:
    """Ask on the terminal; the first letter of an answer is enough, as with Inspect."""
    short = {choice[0]: choice for choice in choices}
    answer: str = click.prompt(
        f"{plain(question)} [{'/'.join(choices)}]",
        type=click.Choice([*choices, *short]),
        default=default,
        show_choices=False,
        err=True,
    )
    return short.get(answer, answer)


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
