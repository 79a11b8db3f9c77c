"""``evalstream edit``: scores corrected by a person, and metrics that follow."""

from __future__ import annotations

import getpass
import json
from collections.abc import Sequence
from pathlib import Path

import click

from evalstream.scorers.load import load_file

from ..edit.log import edit_log
from ..edit.requests import EditRequest, make_edit, read_edits
from ..errors import UsageError
from .guard import guarded
from .log_view import rows_of
from .report import finite, metrics_table
from .text import new_console, plain

__all__ = ["command"]


@click.command(name="edit", short_help="Edit scores in a log.")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--sample", metavar="ID", help="Which sample.")
@click.option("--epoch", type=click.IntRange(min=1), metavar="N", help="Which epoch of it, if there are several.")
@click.option("--scorer", metavar="NAME", help="Which of its scores.")
@click.option(
    "--value", help="The score's new value. What reads as JSON is taken as such: 0.5, true, NaN (unscored), '\"1\"'."
)
@click.option("--answer", help="The score's new answer.")
@click.option("--explanation", help="The score's new explanation.")
@click.option("--unscored-reason", metavar="TEXT", help="Why there is no ordinary score, as in refusal.")
@click.option("--reason", help="Why it is edited; kept in the log.")
@click.option("--author", help="Who answers for the edit; kept in the log. Default: your login name.")
@click.option(
    "--from", "table", type=click.Path(path_type=Path), metavar="FILE",
    help="Edits from a CSV file: columns sample and scorer, and any of epoch, value, answer, explanation,"
    " unscored_reason, reason, author.",
)  # fmt: skip
@click.option("--add", is_flag=True, help="Let a scorer's name that a sample has no score of make a new score.")
@click.option("--recompute/--no-recompute", default=True, help="Find the log's metrics anew (default).")
@click.option(
    "--scorers", "scorer_files", metavar="FILE", multiple=True, type=click.Path(path_type=Path),
    help="Python file with metrics or reducers that the log names; repeatable.",
)  # fmt: skip
@click.option("--json", "as_machine", is_flag=True, help="Print what was done as JSON.")
@guarded
def command(
    log: Path,
    sample: str | None,
    epoch: int | None,
    scorer: str | None,
    value: str | None,
    answer: str | None,
    explanation: str | None,
    unscored_reason: str | None,
    reason: str | None,
    author: str | None,
    table: Path | None,
    add: bool,
    recompute: bool,
    scorer_files: Sequence[Path],
    as_machine: bool,
) -> int:
    """Edit scores in LOG, which is replaced when all of the new one is written.

    What a score was stays in its history, with who changed it, when and why. Options that go with --from are for rows
    that leave them empty.
    """
    fields = {
        "value": value, "answer": answer, "explanation": explanation, "unscored_reason": unscored_reason,
        "reason": reason, "author": author or _login(),
    }  # fmt: skip
    if table is not None:
        if sample is not None or epoch is not None:
            raise UsageError("--from names the samples: leave out --sample and --epoch.")
        edits = read_edits(table, {**fields, "scorer": scorer})
        if not edits:
            raise UsageError(f"{table}: there is no edit in this file.")
    elif sample is None or scorer is None:
        raise UsageError("name a score by --sample ID and --scorer NAME, or a file of edits by --from FILE.")
    else:
        edits = [EditRequest(sample, scorer, make_edit(fields), epoch)]
    for path in scorer_files:
        load_file(path)
    edited = edit_log(log, edits, recompute, add)
    if as_machine:
        made = {"log": str(log), "sha256": edited.sha256, "edits": len(edits), "samples": edited.samples}
        click.echo(json.dumps({**made, "results": finite(edited.results)}, indent=2))
        return 0
    if recompute and (rows := rows_of({"results": edited.results})):
        new_console().print(metrics_table(log.name, rows))
    click.echo(f"{plain(log)}: {_count(len(edits), 'edit')} in {_count(edited.samples, 'sample')}.")
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _login() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in containers; what it raises depends on Python's version
        return None
