"""``evalstream topics``: the topics on Kafka, made or looked at before any worker starts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ..settings.info import INFO
from ..settings.masking import masked_url
from ..settings.model import Settings
from .guard import guarded
from .process import only_our_words
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import plain

if TYPE_CHECKING:  # only Kafka's client needs the time to import it
    from ..transport.kafka.topic_config import TopicState

__all__ = ["command"]

_OF_NO_CONCERN = {"log_dir", "blob_dir", "session_timeout"}
_SETTINGS = [name for name, info in INFO.items() if info.section in {"general", "kafka"} and name not in _OF_NO_CONCERN]

_FOR_EVER = "-1"
_UNITS = (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("s", 1000), ("ms", 1))


@click.group(name="topics", short_help="Make or show topics.")
def command() -> None:
    """Make the topics on Kafka, or look at them. A worker that starts makes those that are missing, too."""


@command.command(name="create", cls=SettingsCommand, short_help="Make the topics that are missing.")
@setting_options(*_SETTINGS)
@guarded
def create() -> int:
    """Make the topics that are missing; those that are there stay as they are.

    Whatever of them does not suit is warned about, with the name of Kafka's setting.
    """
    settings = loaded_settings().settings
    if _needs_none(settings):
        return 0
    from ..transport.kafka.admin import ensure_topics  # noqa: PLC0415

    _print(asyncio.run(ensure_topics(settings, patient=False)))
    return 0


@command.command(name="list", cls=SettingsCommand)
@setting_options(*_SETTINGS)
@click.option("--json", "as_machine", is_flag=True, help="Print the topics as JSON.")
@guarded
def list_(as_machine: bool) -> int:
    """Show the topics as the broker has them; none is made."""
    settings = loaded_settings().settings
    if _needs_none(settings, as_machine):
        return 0
    from ..transport.kafka.admin import look_at_topics  # noqa: PLC0415

    states = asyncio.run(look_at_topics(settings))
    if as_machine:
        click.echo(json.dumps([_as_json(state) for state in states], indent=2))
    else:
        _print(states)
    return 0


def _needs_none(settings: Settings, as_machine: bool = False) -> bool:
    """Tell people whose broker is no Kafka that it needs no topics."""
    only_our_words()
    scheme = urlsplit(settings.broker).scheme
    if scheme not in {"embedded", "memory"}:
        return False  # one that makes no sense is told by who reads it
    click.echo("[]" if as_machine else f"{masked_url(settings.broker)} needs no topics to be made.")
    return True


def _print(states: Sequence[TopicState]) -> None:
    """Print lines that grep takes whole, and warnings to stderr."""
    rows: list[tuple[str, ...]] = [("topic", "partitions", "replication", "clean-up", "retention", "")]
    rows += [_row(state) for state in states]
    wide = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip())
    for state in states:
        for warning in state.warnings:
            click.echo(f"Warning: {plain(warning)}", err=True)


def _row(state: TopicState) -> tuple[str, ...]:
    if not state.partitions:
        return state.name, "–", "–", "–", "–", "missing"
    return (
        state.name,
        str(state.partitions),
        str(state.replication),
        plain(state.config.get("cleanup.policy", "?")),
        _retention(state),
        "made" if state.made else "there",
    )


def _retention(state: TopicState) -> str:
    """Say how long records are kept.

    Examples
    --------
    >>> from evalstream.streams.transport.kafka.topic_config import TopicState
    >>> def of(**config):
    ...     config = {key.replace("_", "."): value for key, value in config.items()}
    ...     return _retention(TopicState("t", 1, 1, config, made=False))
    >>> of(cleanup_policy="delete", retention_ms="2592000000"), of(cleanup_policy="delete", retention_ms="-1")
    ('30 days', 'for ever')
    >>> of(cleanup_policy="compact", retention_ms="604800000"), of()
    ('last of each key', '?')
    """
    if state.config.get("cleanup.policy") == "compact":
        return "last of each key"
    value = state.config.get("retention.ms", "?")
    if value == _FOR_EVER:
        return "for ever"
    if not value.isdecimal():
        return plain(value)
    # In whole units: half an hour is 30 minutes, and a day and an hour are 25 hours.
    unit, size = next(((unit, size) for unit, size in _UNITS if int(value) % size == 0 and int(value)), ("ms", 1))
    return f"{int(value) // size} {unit}"


def _as_json(state: TopicState) -> dict[str, object]:
    cleanup = state.config.get("cleanup.policy")
    retention = state.config.get("retention.ms") if cleanup != "compact" else None
    return {
        "topic": state.name,
        "there": state.partitions > 0,
        "partitions": state.partitions,
        "replication": state.replication,
        "cleanup": cleanup,
        "retention_ms": None if retention is None else int(retention),
        "warnings": list(state.warnings),
    }
