"""``evalstream blobs``: large samples that wait in the blob dir."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import click

from ..blobs.place import Blob, BlobPlace
from ..blobs.prune import forgotten, remembered, remove
from ..blobs.store import told
from ..blobs.where import blob_place
from ..dead_letters.shelf import scan
from ..errors import UsageError
from ..settings.info import INFO
from ..topics import COMPLETIONS, DEAD_LETTERS
from ..transport.client import BrokerClient, open_client
from .guard import guarded
from .process import only_our_words
from .settings_options import SettingsCommand, loaded_settings, setting_options

__all__ = ["command"]

_DAY = 24 * 60 * 60.0

_OF_NO_CONCERN = {"app_id", "session_timeout", "instance_id", "partitions", "replication", "completions_retention"}
_SETTINGS = [name for name, info in INFO.items() if info.section in {"general", "kafka"} and name not in _OF_NO_CONCERN]


@click.group(name="blobs", short_help="Clear up large samples.")
def command() -> None:
    """Clear up the blob dir, where samples that are too large for the broker wait while their eval can be replayed."""


@command.command(
    name="prune", cls=SettingsCommand, short_help="Delete the blobs of evals that the broker has forgotten."
)
@setting_options(*_SETTINGS)
@click.option(
    "--older-than", type=click.FloatRange(min=0), default=_DAY, show_default="a day", metavar="SECONDS",
    help="Leave what was written later: its eval may be being published just now.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Delete nothing, and say what would be deleted.")
@guarded
def prune(older_than: float, dry_run: bool) -> int:
    """Delete the blobs of evals of which the broker has no completion and no dead letter any more.

    The blob dir must be this broker's alone: what others keep there looks forgotten.
    """
    settings = loaded_settings().settings
    if urlsplit(settings.broker).scheme == "memory":
        raise UsageError("memory:// ends with its command, and has no blobs: name an embedded:///folder or a kafka://")
    only_our_words()
    place = blob_place(settings)
    what = f"Blobs in {place.name} cannot be listed or deleted"
    # Before the topics: whatever is published from now on is not among them.
    now, blobs = time.time(), told(what, lambda: list(place.blobs()))
    if not blobs:
        click.echo(f"No blobs in {place.name}.")
        return 0
    client = open_client(settings)
    try:
        _refuse_an_empty_broker(client, place)
        evals = remembered(scan(client, COMPLETIONS.name)) | remembered(scan(client, DEAD_LETTERS.name))
    finally:
        client.close()
    doomed = forgotten(blobs, evals, now, older_than)
    if not dry_run:
        doomed = told(what, lambda: list(remove(place, doomed)))
    _report(doomed, blobs, place, "would be deleted" if dry_run else "deleted")
    return 0


def _refuse_an_empty_broker(client: BrokerClient, place: BlobPlace) -> None:
    """Stop if the broker has never had a completion: then it is hardly the one that the blobs belong to."""
    topic = COMPLETIONS.name
    if not any(client.end_offset(topic, partition) for partition in range(client.partitions(topic))):
        raise UsageError(
            f"This broker has never had a completion, and {place.name} has blobs: check --broker, --topic-prefix and"
            " --blob-dir. Nothing was deleted."
        )


def _report(doomed: list[Blob], blobs: list[Blob], place: BlobPlace, done: str) -> None:
    evals, size = len({blob.key.eval for blob in doomed}), sum(blob.size for blob in doomed)
    click.echo(
        f"{_counted(len(doomed), 'blob')} of {_counted(evals, 'eval')} {done} ({size / 1e6:.1f} MB);"
        f" {len(blobs) - len(doomed)} left in {place.name}."
    )


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
