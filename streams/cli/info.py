"""``evalstream info``: what a log says of its eval, without reading its samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from evalstream.scorers.plain import as_object

from ..logs.source import LogSource, open_log
from .guard import guarded
from .log_view import facts_of, rows_of
from .report import finite, metrics_table
from .text import new_console

__all__ = ["command"]


@click.command(name="info", short_help="Show a log.")
@click.argument("log", type=click.Path(path_type=Path))
@click.option("--json", "as_machine", is_flag=True, help="Print the log's header as JSON.")
@guarded
def command(log: Path, as_machine: bool) -> int:
    """Show what was evaluated in LOG, how it ended, and its metrics."""
    with open_log(log) as source:
        if as_machine:
            click.echo(json.dumps(_as_json(source), indent=2))
            return 0
        console = new_console()
        for name, value in facts_of(source.header, source.sample_count):
            console.print(f"{name:>9}  {value}", soft_wrap=True)
        rows = rows_of(source.header)
        if rows:
            console.print(metrics_table("", rows))
        else:
            console.print("There are no metrics: `evalstream score` gives it some.")
    return 0


def _as_json(source: LogSource) -> dict[str, Any]:
    header = finite(source.header)
    # The one part of a header that grows with the log; `evalstream samples` lists them.
    dataset = as_object(header["eval"].get("dataset"))
    if "sample_ids" in dataset:
        header = {**header, "eval": {**header["eval"], "dataset": {**dataset}}}
        del header["eval"]["dataset"]["sample_ids"]
    return {"log": source.path, "format": source.format, "samples": source.sample_count, "header": header}
