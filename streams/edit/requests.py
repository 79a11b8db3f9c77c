"""Which edits are asked for: one by options, or many by the rows of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalstream.scorers.jsontext import JsonTextError, loads
from evalstream.scorers.score import ProvenanceData, ScoreEdit

from ..errors import UsageError

__all__ = ["EditRequest", "make_edit", "read_edits", "value_of"]

COLUMNS = ("sample", "epoch", "scorer", "value", "answer", "explanation", "reason", "author", "unscored_reason")
_NEEDED = ("sample", "scorer")


@dataclass(frozen=True)
class EditRequest:
    """One edit of one score. ``sample`` is the id as text; ``epoch`` may be None where there is only one."""

    sample: str
    scorer: str
    edit: ScoreEdit
    epoch: int | None = None
    place: str = ""
    """Where it was asked for, for messages."""


def value_of(text: str) -> Any:
    """Read a value as it is typed: JSON for numbers, lists and objects, else a text as it stands.

    Examples
    --------
    >>> value_of("C"), value_of("0.5"), value_of('{"a": 1}'), value_of('"1"'), value_of("true"), value_of("null")
    ('C', 0.5, {'a': 1}, '1', True, None)
    """
    try:
        return loads(text)
    except JsonTextError:
        return text


def make_edit(fields: Mapping[str, str | None], place: str = "") -> ScoreEdit:
    """Make an edit of texts; what is None or missing stays as it is.

    Parameters
    ----------
    fields
        ``value`` as `value_of` reads it ("NaN" marks a sample as unscored), ``answer``, ``explanation``,
        ``unscored_reason`` (the score's reason); and of the provenance ``author`` and ``reason``.
    place
        Where that stands, for messages.

    Raises
    ------
    UsageError
        Nothing is to change, nobody says so, or the value is none that a score can have.

    Examples
    --------
    >>> edit = make_edit({"value": "C", "author": "me", "reason": "read it"})
    >>> edit.value, edit.answer, edit.provenance.author
    ('C', 'UNCHANGED', 'me')
    """
    at = f"{place}: " if place else ""
    changes: dict[str, Any] = {}
    if fields.get("value") is not None:
        changes["value"] = _checked(value_of(fields["value"] or ""), at)
    for name, key in (("answer", "answer"), ("explanation", "explanation"), ("unscored_reason", "reason")):
        if fields.get(name) is not None:
            changes[key] = fields[name]
    if not changes:
        raise UsageError(f"{at}nothing is to change: give a value, an answer, an explanation or an unscored reason.")
    author = fields.get("author")
    if not author:
        raise UsageError(f"{at}an edit has an author: name one, who answers for it.")
    try:
        return ScoreEdit(**changes, provenance=ProvenanceData(author=author, reason=fields.get("reason") or None))
    except ValidationError as error:
        raise UsageError(
            f"{at}the value {str(fields.get('value'))[:80]!r} is none that a score can have: a text, a number, true or"
            " false, a list of these, or an object of these by name."
        ) from error


def _checked(value: Any, at: str) -> Any:
    """Refuse what was meant as JSON, and is no value of a score."""
    if value is None:
        raise UsageError(f"{at}null is no value of a score: NaN marks a sample as unscored, '\"null\"' is the text.")
    if isinstance(value, str) and value[:1] in ("{", "["):
        raise UsageError(
            f"{at}the value {value[:80]!r} begins like JSON and is none: mend it, or put a text into double quotes."
        )
    return value


def read_edits(path: Path, defaults: Mapping[str, str | None]) -> list[EditRequest]:
    """Read edits from a CSV file with a line of headings; an empty cell changes nothing.

    Parameters
    ----------
    path
        The file, in UTF-8. Columns are ``sample``, ``scorer``, and any of ``epoch``, ``value``, ``answer``,
        ``explanation``, ``unscored_reason``, ``reason``, ``author``.
    defaults
        For columns that are missing, and cells that are empty.

    Raises
    ------
    UsageError
        The file cannot be read, or a row makes no edit; says which line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            _check(path, rows.fieldnames)
            return list(_requests(path, rows, defaults))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: this is not UTF-8 text (byte {error.start}): save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise UsageError(f"{path}: this is no CSV ({error}).") from error


def _check(path: Path, headings: Any) -> None:
    names = list(headings or [])
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in _NEEDED if name not in names]
    if len(names) == 1 and ";" in names[0]:
        raise UsageError(f"{path}: its columns are separated by semicolons: save it with commas between them.")
    if missing or unknown:
        what = f"no column {missing[0]!r}" if missing else f"a column {unknown[0]!r} that means nothing here"
        raise UsageError(f"{path}: there is {what} in the first line. The columns are {', '.join(COLUMNS)}.")


def _requests(path: Path, rows: csv.DictReader[str], defaults: Mapping[str, str | None]) -> Iterator[EditRequest]:
    for row in rows:
        place = f"{path}, line {rows.line_num}"
        if None in row or None in row.values():
            raise UsageError(f"{place}: there are more or fewer cells than headings.")
        fields = {**defaults, **{name: cell for name, cell in row.items() if cell}}
        sample, scorer, epoch = fields.get("sample"), fields.get("scorer"), fields.get("epoch")
        if not sample or not scorer:
            raise UsageError(f"{place}: an edit needs a sample and a scorer.")
        if epoch and not epoch.isdecimal():
            raise UsageError(f"{place}: the epoch {epoch!r} is no number.")
        yield EditRequest(sample, scorer, make_edit(fields, place), int(epoch) if epoch else None, place)
