"""``evalstream samples``: a log's samples and their scores, for finding what to look at or to edit."""

from __future__ import annotations

import difflib
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from evalstream.scorers.jsontext import JsonTextError, dumps, loads
from evalstream.scorers.plain import as_object

from ..edit.requests import value_of
from ..errors import DamagedLogError, UsageError
from ..logs.sample_rows import sample_rows
from ..logs.source import LogSource, open_log
from .guard import guarded
from .report import finite
from .text import new_console, plain, shorten

__all__ = ["command"]

SHOWN = 100
WIDEST = 60
"""Characters of one text in a table; the JSON has all that the log's list of samples has."""

MANY = 10
"""Names in a message."""


@click.command(name="samples", short_help="List a log's samples.")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--scorer", metavar="NAME", help="Only samples with a score of this name; shows its answers, too.")
@click.option("--value", help="Only samples with a score of this value, as in I, 0.5 or NaN (unscored).")
@click.option(
    "--limit", type=click.IntRange(min=0), metavar="N",
    help=f"At most so many; 0 shows all. Default: {SHOWN} in a table, all as JSON.",
)  # fmt: skip
@click.option("--json", "as_machine", is_flag=True, help="Print the samples' summaries as JSON.")
@guarded
def command(log: Path, scorer: str | None, value: str | None, limit: int | None, as_machine: bool) -> int:
    """List the samples of LOG with their scores, in the log's order."""
    with open_log(log) as source:
        if scorer is not None and not as_machine:  # a program that asks many logs has use for an empty list
            _check_name(source, scorer)
        rows = (row for row in _rows(source) if _wanted(row, scorer, value))
        if as_machine:
            _print_json(itertools.islice(rows, limit or None))
        else:
            _print_table(new_console(), rows, SHOWN if limit is None else limit, scorer, value)
    return 0


def _check_name(source: LogSource, scorer: str) -> None:
    """Refuse a name that no sample has a score of, and say which ones there are."""
    names: dict[str, None] = {}
    for row in _rows(source):
        scores = as_object(row.get("scores"))
        if scorer in scores:
            return
        names.update(dict.fromkeys(scores))
    near = difflib.get_close_matches(scorer, list(names), n=1)
    known = ", ".join(list(names)[:MANY])
    hint = f"Did you mean {near[0]}?" if near else f"There are {known}." if known else "None has any."
    raise UsageError(f"{source.path}: no sample has a score {scorer!r}. {hint}")


def _rows(source: LogSource) -> Iterator[Mapping[str, Any]]:
    for text in sample_rows(source):
        try:
            yield as_object(loads(text))
        except JsonTextError as error:
            raise DamagedLogError(source.path, f"a sample's summary is not read ({error})") from error


def _wanted(row: Mapping[str, Any], scorer: str | None, value: str | None) -> bool:
    scores = as_object(row.get("scores"))
    if scorer is not None:
        scores = {scorer: scores[scorer]} if scorer in scores else {}
        if value is None:
            return bool(scores)
    return value is None or any(_same(as_object(score).get("value"), value) for score in scores.values())


def _same(have: object, wanted: str) -> bool:
    """Tell whether a score has the value that was typed.

    Examples
    --------
    >>> _same("C", "C"), _same(0.5, "0.50"), _same(1, "1"), _same("1", "1"), _same(float("nan"), "NaN"), _same(1, "C")
    (True, True, True, True, True, False)
    """
    if have == wanted:
        return True
    typed = value_of(wanted)
    if isinstance(have, float) and isinstance(typed, float) and math.isnan(have):
        return math.isnan(typed)
    return type(have) in (type(typed), int, float) and not isinstance(have, str) and have == typed


def _print_json(rows: Iterator[Mapping[str, Any]]) -> None:
    """Print a list row by row: it may be as long as the log."""
    click.echo("[")
    for place, row in enumerate(rows):
        # The comma goes first, so that a message about a row that cannot be read has a line of its own.
        click.echo(("," if place else "") + json.dumps(finite(row)))
    click.echo("]")


def _print_table(
    console: Console, rows: Iterator[Mapping[str, Any]], limit: int, scorer: str | None, value: str | None
) -> None:
    shown = list(itertools.islice(rows, limit or None))
    more = sum(1 for _ in rows)
    if not shown:
        console.print("There are no samples." if value is None else f"No sample has the value {plain(value)}.")
        return
    names = [scorer] if scorer else list(dict.fromkeys(name for row in shown for name in as_object(row.get("scores"))))
    table = Table()
    for heading in ("sample", "epoch", "target"):
        table.add_column(heading, overflow="fold")
    for name in names:
        table.add_column(shorten(name), overflow="fold")
    for heading in ("answer", "explanation") if scorer else ():
        table.add_column(heading, overflow="fold")
    for row in shown:
        table.add_row(*(_cell(value) for value in _values(row, names, bool(scorer))))
    console.print(table)
    if more:
        console.print(f"and {more} more: --limit 0 shows all.")


def _values(row: Mapping[str, Any], names: list[str], details: bool) -> Iterator[Any]:
    target, scores = row.get("target"), as_object(row.get("scores"))
    yield row.get("id")
    yield row.get("epoch")
    yield " | ".join(map(str, target)) if isinstance(target, list) else target
    for name in names:
        yield as_object(scores.get(name)).get("value")
    if details:
        score = as_object(scores.get(names[0]))
        yield score.get("answer")
        yield score.get("explanation")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and math.isnan(value):
        return "–"
    text = plain(value if isinstance(value, str) else dumps(value).decode())
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
