"""``evalstream dead-letters``: what could not be scored, to be looked at, sent again or given up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click

from ..dead_letters import requeue as taking
from ..dead_letters.letter import Letter, original_headers
from ..dead_letters.shelf import on_shelf, scan, value_of
from ..errors import UsageError
from ..settings.info import INFO
from ..transport.client import BrokerClient, open_client
from .guard import guarded
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import plain, shorten

__all__ = ["command"]

Command = TypeVar("Command", bound=Callable[..., Any])

STAGES = ("decode", "score", "timeout")
SHOWN_KEY = 80

_NOT_HERE = {"app_id", "session_timeout", "log_dir", "blob_dir"}
_SETTINGS = [name for name, info in INFO.items() if info.section in {"general", "kafka"} and name not in _NOT_HERE]


def _with_settings(command: Command) -> Command:
    return setting_options(*_SETTINGS)(command)


def _selecting(command: Command) -> Command:
    """Add the options that choose among letters."""
    command = click.option("--eval", "eval_id", metavar="ID", help="Only letters of this eval.")(command)
    return click.option("--stage", type=click.Choice(STAGES), help="Only letters that failed in this stage.")(command)


@click.group(name="dead-letters", short_help="Look at what could not be scored.")
def command() -> None:
    """Completions that could not be scored: each is kept on the topic dead-letters, byte for byte, with the reason."""


@command.command(name="list", cls=SettingsCommand)
@_with_settings
@_selecting
@click.option("--json", "as_machine", is_flag=True, help="Print JSON.")
@guarded
def list_command(eval_id: str | None, stage: str | None, as_machine: bool) -> int:
    """List the dead letters that were neither requeued nor dropped."""
    with _client() as client:
        letters = taking.chosen(on_shelf(scan(client)), (), eval_id, stage)
    if as_machine:
        click.echo(json.dumps({"dead_letters": [_as_json(letter) for letter in letters]}, indent=2))
        return 0
    for letter in letters:
        click.echo(_line(letter))
    click.echo(_counted(len(letters)) + ".")
    return 0


@command.command(name="show", cls=SettingsCommand)
@click.argument("id_", metavar="ID")
@_with_settings
@guarded
def show_command(id_: str) -> int:
    """Show one dead letter: what went wrong, its headers and its value. The beginning of its id is enough."""
    with _client() as client:
        (letter,) = taking.chosen(on_shelf(scan(client)), (id_,), None, None)
        record = _again(client, letter)
    fields = _as_json(letter)
    width = max(map(len, fields))
    for name, value in fields.items():
        click.echo(f"{name:<{width}}  {plain('' if value is None else value)}")
    for name, raw in original_headers(record.headers):
        click.echo(f"header {plain(name)}: {_harmless(raw or b'')}")
    click.echo(f"\n{_harmless(letter.stacktrace.encode()).rstrip()}")
    click.echo(f"\n{_harmless(record.value or b'')}")
    return 0


@command.command(name="requeue", cls=SettingsCommand, short_help="Send dead letters again to where they came from.")
@click.argument("ids", nargs=-1, metavar="[ID ...]")
@_with_settings
@_selecting
@guarded
def requeue_command(ids: Sequence[str], eval_id: str | None, stage: str | None) -> int:
    """Send dead letters again to the topic that they came from, all of them unless some are chosen.

    Once a sample is scored it leaves its eval's failed ones, and the eval's log is written again.
    """
    with _client() as client:
        letters = taking.chosen(on_shelf(scan(client)), ids, eval_id, stage)
        try:
            count = taking.requeue(client, letters)
        except LookupError as error:
            raise UsageError(f"{error}.") from error
    click.echo(f"Requeued {_counted(count)}.")
    return 0


@command.command(name="drop", cls=SettingsCommand)
@click.argument("ids", nargs=-1, metavar="[ID ...]")
@_with_settings
@_selecting
@click.option("--all", "everything", is_flag=True, help="Drop every dead letter.")
@guarded
def drop_command(ids: Sequence[str], eval_id: str | None, stage: str | None, everything: bool) -> int:
    """Give dead letters up: they are listed no more. Their samples stay counted as failed."""
    if not (ids or eval_id or stage or everything):
        raise UsageError("Say which: IDs, --eval, --stage, or --all.")
    with _client() as client:
        count = taking.drop(client, taking.chosen(on_shelf(scan(client)), ids, eval_id, stage))
    click.echo(f"Dropped {_counted(count)}.")
    return 0


@contextmanager
def _client() -> Iterator[BrokerClient]:
    settings = loaded_settings().settings
    if urlsplit(settings.broker).scheme == "memory":
        raise UsageError(
            "memory:// has no dead letters that outlive a command: name an embedded:///folder or a kafka://"
        )
    client = open_client(settings)
    try:
        yield client
    finally:
        client.close()


def _again(client: BrokerClient, letter: Letter) -> Any:
    try:
        return value_of(client, letter)
    except LookupError as error:
        raise UsageError(f"{error}.") from error


def _counted(count: int) -> str:
    return f"{count} dead letter{'' if count == 1 else 's'}"


def _line(letter: Letter) -> str:
    tried = "once" if letter.attempts == 1 else f"{letter.attempts} times"
    # `plain` leaves no line break that would let a value look like the next letter.
    whose = f"{plain(letter.eval_id) or 'of no eval'}  {plain(letter.sample)[:SHOWN_KEY]}"
    return f"{letter.id}  {_when(letter)}  {plain(letter.stage):7}  {tried}  {whose}  {shorten(_reason(letter))}"


def _reason(letter: Letter) -> str:
    return f"{letter.scorer}: {letter.message}" if letter.scorer else letter.message


def _when(letter: Letter) -> str:
    try:
        return datetime.fromtimestamp(letter.first_seen_ms / 1000, timezone.utc).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return str(letter.first_seen_ms)


def _as_json(letter: Letter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "eval": letter.eval_id,
        "run": letter.run_id,
        "sample": letter.sample,
        "stage": letter.stage,
        "scorer": letter.scorer or None,
        "attempts": letter.attempts,
        "first_seen": _when(letter),
        "topic": letter.topic,
        "partition": letter.at[0],
        "offset": letter.at[1],
        "exception": letter.exception,
        "message": letter.message,
        "bytes": letter.size,
    }


def _harmless(value: bytes) -> str:
    r"""Return bytes as text of several lines that cannot draw on a terminal.

    Examples
    --------
    >>> _harmless(b"\x1b[2Ja\r\nb\xff")
    '\\x1b[2Ja\\r\nb\\xff'
    """
    text = value.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
