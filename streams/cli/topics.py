"""``evalstream topics``: make the topics on Kafka, with the settings that ours need."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import click

from ..settings.model import Settings
from ..transport.kafka.admin import ensure_topics
from .guard import guarded
from .settings_options import SettingsCommand, loaded_settings, setting_options
from .text import plain

__all__ = ["command"]

_CONCERNED = [
    name
    for name in Settings.model_fields
    if name.startswith("kafka_")
    or name in ("broker", "app_id", "topic_prefix", "partitions", "replication", "completions_retention",
                "max_message_bytes")
]  # fmt: skip


@click.group(name="topics", short_help="Make Kafka's topics.")
def command() -> None:
    """Make the topics on Kafka; a worker does the same when it starts."""


@command.command(name="create", cls=SettingsCommand, short_help="Make the topics that are missing.")
@setting_options(*_CONCERNED)
@guarded
def create() -> int:
    """Make the topics that are missing, and say which settings of those that are there do not suit."""
    settings = loaded_settings().settings
    if urlsplit(settings.broker).scheme != "kafka":
        click.echo("An embedded broker makes its topics itself.")
        return 0
    for state in asyncio.run(ensure_topics(settings)):
        done = "made" if state.made else "is there"
        click.echo(f"{plain(state.name)}: {done}, {state.partitions} partitions")
        for warning in state.warnings:
            click.echo(f"Warning: {plain(warning)}", err=True)
    return 0
