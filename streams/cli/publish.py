"""``evalstream publish``: a log's samples as events on a broker."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from evalstream.scorers.errors import ScorersError

from ..blobs.claim_check import ClaimCheck
from ..blobs.where import open_blobs
from ..errors import StreamsError, UsageError
from ..logs.source import open_log
from ..publish.events_of_log import LogEvents, of_eval
from ..publish.plan import Wishes, plan_scoring
from ..settings.info import INFO
from ..topics import COMPLETIONS, EVALS
from ..transport.client import BrokerClient, open_client
from ..transport.record import NewRecord
from .guard import EXIT_USAGE, fail, guarded
from .inputs import find_logs
from .options import sandbox_options, scoring_options, snapshots_of, wishes_of
from .process import only_our_words
from .settings_options import SettingsCommand, loaded_settings, setting_options

__all__ = ["command"]

BATCH_RECORDS = 200
BATCH_BYTES = 4 * 1024 * 1024

_CONCERNS_A_WORKER_ONLY = {"app_id", "session_timeout"}
_SETTINGS = [
    name for name, info in INFO.items() if info.section in {"general", "kafka"} and name not in _CONCERNS_A_WORKER_ONLY
]


@click.command(name="publish", cls=SettingsCommand, short_help="Publish logs.")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@setting_options(*_SETTINGS)
@scoring_options
@sandbox_options
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Samples a second.")
@click.option("--shuffle", is_flag=True, help="Publish the samples in random order, as concurrent ones end.")
@guarded
def command(
    logs: Sequence[str],
    scorers: Sequence[str],
    scorer_args: Sequence[str],
    metrics: Sequence[str],
    epochs_reducer: str | None,
    sandbox_roots: Sequence[str],
    sandbox_patterns: Sequence[str],
    rate: float | None,
    shuffle: bool,
) -> int:
    """Publish LOGs to a broker as if their evals were being run: start, each sample, end.

    Scores that a log has are left out. The scorers are those that the log names, unless --scorer says otherwise; a
    worker must know them.
    """
    settings = loaded_settings().settings
    if urlsplit(settings.broker).scheme == "memory":
        raise UsageError("memory:// ends with this command: publish to an embedded:///folder")
    wishes = wishes_of(scorers, scorer_args, metrics, epochs_reducer, "overwrite")
    only_our_words()
    blobs = open_blobs(settings)
    client = open_client(settings)
    code = 0
    try:
        for path in find_logs(logs, settings.log_dir):
            large = ClaimCheck(blobs, settings.max_message_bytes)
            try:
                files = (sandbox_roots, sandbox_patterns, ClaimCheck(blobs, settings.max_message_bytes))
                count = _publish(path, wishes, client, large, files, rate, shuffle)
            except (StreamsError, ScorersError) as error:
                fail(error if str(path) in str(error) else f"{path}: {error}")
                code = EXIT_USAGE
            else:
                # Workers look where their own settings say: somebody should be able to compare.
                waiting = f", {large.taken} of them, the large ones, by {large.where}" if large.taken else ""
                click.echo(f"Published {path}: {count} samples{waiting}")
    finally:
        client.close()
    return code


def _publish(
    path: Path,
    wishes: Wishes,
    client: BrokerClient,
    large: ClaimCheck,
    files: tuple[Sequence[str], Sequence[str], ClaimCheck],
    rate: float | None,
    shuffle: bool,
) -> int:
    with open_log(path) as source:
        snapshots = snapshots_of(source, *files)
        events = LogEvents(source, plan_scoring(source.header, wishes), large=large, snapshots=snapshots)
        order = list(range(source.sample_count))
        if shuffle:
            random.shuffle(order)
        client.append(EVALS.name, [of_eval(events.started())])
        for records in _batches(events.completions(order), rate):
            client.append(COMPLETIONS.name, records)
        client.append(EVALS.name, [of_eval(events.completed())])
        return source.sample_count


def _batches(records: Iterable[NewRecord], rate: float | None) -> Iterator[list[NewRecord]]:
    """Gather records into appends: by number and bytes, or one by one at a rate."""
    if rate is not None:
        begin = time.monotonic()
        for number, record in enumerate(records):
            time.sleep(max(begin + number / rate - time.monotonic(), 0))
            yield [record]
        return
    batch: list[NewRecord] = []
    size = 0
    for record in records:
        batch.append(record)
        size += record.size
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
