"""Options that are made from the settings' model, and the settings that a command line means.

A secret has no option of its own, because everybody on a machine may read the command lines of all (``ps``) and shells
keep them: ``--kafka-password-file`` names a file, and ``EVALSTREAM_KAFKA_PASSWORD`` holds the secret itself.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ..settings.info import INFO, SettingInfo
from ..settings.load import Loaded, load_settings
from .text import plain

__all__ = ["ExplainingCommand", "SettingOption", "SettingsCommand", "loaded_settings", "setting_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

_GIVEN = f"{__name__}.given"
_CONFIG = f"{__name__}.config"

_TITLES = {"general": "Settings", "scoring": "Scoring", "judges": "Judges", "metrics": "Metrics", "kafka": "Kafka"}


class SettingOption(click.Option):
    """An option for one setting. Its value is text: the model judges it, wherever it comes from."""

    def __init__(self, param_decls: Sequence[str], info: SettingInfo) -> None:
        self.info = info
        default = "" if info.default == "none" else f"  [default: {info.default}]"
        super().__init__(
            param_decls,
            type=bool if bool in info.kinds else str,
            metavar=info.unit or None,
            default=None,
            multiple=info.repeatable,
            help=f"{info.text}{default}",
            expose_value=False,
            callback=_note,
        )


def _note(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keep what was given, for `loaded_settings`."""
    if isinstance(value, tuple):
        value = "\n".join(value) or None
    if value is not None and isinstance(option, SettingOption):
        context.meta.setdefault(_GIVEN, {})[option.info.name] = value


def _note_config(context: click.Context, option: click.Parameter, value: Path | None) -> None:
    context.meta[_CONFIG] = value


def setting_options(*names: str) -> Callable[[Command], Command]:
    """Add ``--config``, and the option of each of these settings."""
    config = click.option(
        "--config", type=click.Path(path_type=Path), metavar="FILE", expose_value=False, callback=_note_config,
        help="TOML file with settings.  [default: $EVALSTREAM_CONFIG, else ./evalstream.toml if it is there]",
    )  # fmt: skip

    def add(command: Command) -> Command:
        for info in (INFO[name] for name in reversed(names)):
            if not info.secret:
                option = f"{info.option}/--no-{info.option[2:]}" if bool in info.kinds else info.option
                names_of = (option, info.short) if info.short else (option,)
                command = click.option(*names_of, info.name, cls=SettingOption, info=info)(command)
        return config(command)

    return add


def loaded_settings() -> Loaded:
    """Return the settings of the command that runs, and print what is odd about where they come from.

    Raises
    ------
    UsageError
        A value makes no sense, wherever it was given.
    """
    meta = click.get_current_context().meta
    loaded = load_settings(meta.get(_GIVEN), meta.get(_CONFIG))
    for warning in loaded.warnings:
        click.echo(f"Warning: {plain(warning)}", err=True)
    return loaded


class SettingsCommand(click.Command):
    """A command whose ``--help`` has a section for each group of settings; that of Kafka is a list of names only."""

    explains_all = False

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        own = [one for one in self.get_params(ctx) if not isinstance(one, SettingOption)]
        _write(ctx, formatter, "Options", own)
        options = [one for one in self.get_params(ctx) if isinstance(one, SettingOption)]
        for section, members in itertools.groupby(options, key=lambda option: option.info.section):
            if section == "kafka" and not self.explains_all:
                with formatter.section(f"{_TITLES[section]} (`evalstream config --help` explains these)"):
                    _write_names(formatter, [option.opts[0] for option in members])
            else:
                _write(ctx, formatter, _TITLES[section], members)
        formatter.write_paragraph()
        formatter.write_text(
            "Each setting is also a variable (EVALSTREAM_BROKER) and a key of the settings file (broker);"
            " `evalstream config` shows what is in force."
        )


class ExplainingCommand(SettingsCommand):
    """A command that explains every setting."""

    explains_all = True


def _write(ctx: click.Context, formatter: click.HelpFormatter, title: str, options: Iterable[click.Parameter]) -> None:
    records = [record for option in options if (record := option.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl(records)


def _write_names(formatter: click.HelpFormatter, names: Sequence[str]) -> None:
    # Click's own text would break names at their hyphens.
    indent = " " * formatter.current_indent
    text = textwrap.fill(
        ", ".join(names), formatter.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
    formatter.write(f"{text}\n")
