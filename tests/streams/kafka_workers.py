"""Workers and publishers as processes of their own, on one Kafka, for tests of what becomes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from waiting import wait_for

from evalstream.streams.events import LogMaterialised
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import BrokerClient, batches_of
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.start import prepared_topics


def group_settings(broker: str, log_dir: Path, **changes: Any) -> Settings:
    """Make settings of a group that notices soon when a worker is gone, and make its topics."""
    made = Settings(broker=broker, session_timeout=6, log_dir=log_dir, **changes)
    asyncio.run(prepared_topics(made))
    return made


class Group:
    """Processes that share a broker, topics and a folder of logs.

    ``log_dir`` is where the workers write; ``told`` are their words of it on ``logs``.
    """

    def __init__(self, settings: Settings, folder: Path, scorers: Path) -> None:
        self.settings, self._folder, self._scorers = settings, folder, scorers
        self.log_dir = settings.log_dir
        self._processes: list[subprocess.Popen[bytes]] = []
        self._client: BrokerClient | None = None

    @property
    def client(self) -> BrokerClient:
        """A client of the broker; the topics must be there."""
        if self._client is None:
            self._client = KafkaClient(self.settings)
        return self._client

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        return self._start("worker", "--log-dir", str(self.log_dir), "--scorers", str(self._scorers), *options)

    def publish(self, log: Path, *options: str) -> subprocess.Popen[bytes]:
        """Start publishing a log."""
        return self._start("publish", str(log), "--scorer", f"{self._scorers}@slow_match", *options)

    def output(self, process: subprocess.Popen[bytes]) -> str:
        """What a process has printed so far."""
        return (self._folder / f"{self._processes.index(process)}.out").read_text()

    def ready(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until a worker says that it is."""
        wait_for(lambda: "worker is ready" in self.output(process), "a worker to be ready")

    def ready_workers(self, count: int) -> list[subprocess.Popen[bytes]]:
        """Start workers, and wait until each says that it is ready."""
        started = [self.worker() for _ in range(count)]
        for worker in started:
            self.ready(worker)
        return started

    def scores(self) -> int:
        """How many scores there are."""
        return sum(1 for _ in self.records("scores"))

    def wait_for_scores(self, more_than: int) -> None:
        """Wait until there are more scores than that."""
        wait_for(lambda: self.scores() > more_than, f"more than {more_than} scores")

    def records(self, topic: str) -> Iterator[bytes]:
        """All values on a topic."""
        for partition in range(self.client.partitions(topic)):
            for records in batches_of(self.client, topic, partition):
                yield from (record.value or b"" for record in records)

    def told(self) -> list[LogMaterialised]:
        """What was said on ``logs``."""
        return [LogMaterialised.model_validate_json(value) for value in self.records("logs")]

    def logs(self) -> list[bytes]:
        """The logs that are there."""
        return [path.read_bytes() for path in self.log_dir.iterdir() if not path.name.startswith(".")]

    def close(self) -> None:
        """End all processes that are left."""
        if self._client is not None:
            self._client.close()
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        given = self.settings
        env = {
            **os.environ,
            "EVALSTREAM_BROKER": given.broker, "EVALSTREAM_TOPIC_PREFIX": given.topic_prefix,
            "EVALSTREAM_PARTITIONS": str(given.partitions), "EVALSTREAM_SESSION_TIMEOUT": str(given.session_timeout),
        }  # fmt: skip
        command = [sys.executable, "-c", "from evalstream.streams.cli import main; main()"]
        with (self._folder / f"{len(self._processes)}.out").open("wb") as out:
            process = subprocess.Popen([*command, *arguments], env=env, stdout=out, stderr=out)
        self._processes.append(process)
        return process


@contextmanager
def group(settings: Settings, folder: Path, scorers: Path) -> Iterator[Group]:
    """Have processes for as long as the block lasts."""
    made = Group(settings, folder, scorers)
    settings.log_dir.mkdir(exist_ok=True)
    try:
        yield made
    finally:
        made.close()
