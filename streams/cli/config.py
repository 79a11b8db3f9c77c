"""``evalstream config``: the settings in force, and where each one came from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ..settings.info import INFO, shown
from ..settings.load import Loaded
from ..settings.masking import masked
from .guard import guarded
from .settings_options import ExplainingCommand, loaded_settings, setting_options
from .text import plain

__all__ = ["command"]


@click.command(name="config", cls=ExplainingCommand, short_help="Show the settings in force.")
@setting_options(*INFO)
@click.option("--json", "as_machine", is_flag=True, help="Print the settings as JSON.")
@guarded
def command(as_machine: bool) -> int:
    """Show each setting as it is in force, and where it came from; secrets are masked.

    Options come before EVALSTREAM_… variables, those before the settings file, that before defaults. Where 'none' is
    said to be a value, write the word. Relative paths in the file start at its folder.
    """
    loaded = loaded_settings()
    click.echo(json.dumps(_as_json(loaded), indent=2) if as_machine else _as_table(loaded))
    return 0


def _as_table(loaded: Loaded) -> str:
    """Lines that grep takes whole: a table that folds to the terminal's width would cut values."""
    values = {name: plain(shown(masked(getattr(loaded.settings, name)))) for name in INFO}
    rows = [("setting", "value", "from")]
    rows += [(name, values[name], plain(loaded.sources[name])) for name in INFO]
    wide, wider = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"{name:{wide}}  {value:{wider}}  {source}" for name, value, source in rows)


def _as_json(loaded: Loaded) -> dict[str, Any]:
    settings = {
        name: {"value": _plain_value(masked(getattr(loaded.settings, name))), "from": loaded.sources[name]}
        for name in INFO
    }
    return {"config_file": str(loaded.config_file) if loaded.config_file else None, "settings": settings}


def _plain_value(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
