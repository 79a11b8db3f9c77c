"""``evalstream runs``: what is on a broker, without being one of its workers."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import click

from ..errors import UsageError
from ..overview import SEEN, Overview, RunRow
from ..settings.info import INFO
from ..settings.masking import masked_url
from ..settings.model import Settings
from ..transport.client import batches_of, open_client
from ..transport.stores import embedded_folder
from .guard import guarded
from .process import only_our_words
from .report import finite
from .runs_table import print_details, print_runs
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import new_console, plain

__all__ = ["command"]

_OF_NO_CONCERN = {"app_id", "log_dir", "blob_dir", "session_timeout", "partitions", "replication"}
_SETTINGS = [name for name, info in INFO.items() if info.section in {"general", "kafka"} and name not in _OF_NO_CONCERN]


@click.command(name="runs", cls=SettingsCommand, short_help="Show the evals on a broker.")
@setting_options(*_SETTINGS, "eval_deadline")
@click.option("--eval", "eval_id", metavar="ID", help="Only the eval of this id, or whose id begins so, in full.")
@click.option("--json", "as_machine", is_flag=True, help="Print the runs as JSON.")
@guarded
def command(eval_id: str | None, as_machine: bool) -> int:
    """Show each eval's runs: how far they are, their metrics, and where their logs are; the newest first.

    A run is running until its eval ends, scoring until each sample has its scores, complete until its log is written.
    With a deadline, one that has not ended and of which nothing came for so long is silent. Workers are not disturbed.
    """
    settings = loaded_settings().settings
    if urlsplit(settings.broker).scheme == "memory":
        raise UsageError("memory:// ends with the command that uses it: name an embedded:///folder, or a kafka:// host")
    now = int(time.time() * 1000)
    rows = _rows(settings, now)
    if eval_id is not None:
        rows = [row for row in rows if row.eval_id == eval_id] or [r for r in rows if r.eval_id.startswith(eval_id)]
        if not rows:
            raise UsageError(
                f"{masked_url(settings.broker)} knows no eval {plain(eval_id)!r}: `evalstream runs` shows all of them"
            )
    if as_machine:
        click.echo(json.dumps([_as_json(row) for row in rows], indent=2))
    elif rows:
        (print_runs if eval_id is None else print_details)(new_console(), rows, now)
    else:
        click.echo(f"No evals on {masked_url(settings.broker)} yet: `evalstream publish` brings one.")
    return 0


def _rows(settings: Settings, now_ms: int) -> Sequence[RunRow]:
    only_our_words()
    # To look is not to make: opening an embedded broker would make its folder.
    if urlsplit(settings.broker).scheme == "embedded" and not embedded_folder(settings.broker).exists():
        return []
    overview = Overview()
    client = open_client(settings)
    try:
        for topic in SEEN:
            for partition in range(client.partitions(topic.name)):
                for records in batches_of(client, topic.name, partition):
                    overview.take(topic.name, records)
    finally:
        client.close()
    return overview.rows(now_ms, settings.eval_deadline)


def _as_json(row: RunRow) -> dict[str, Any]:
    return {
        **dataclasses.asdict(row),
        "ledger": [entry.model_dump() for entry in row.ledger],
        "usage": [one.model_dump() for one in row.usage],
        "scores": finite(row.scores),
    }
