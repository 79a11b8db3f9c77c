"""Workers and publishers as processes of their own, on one Kafka, for tests of what becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evalstream.streams.events import LogMaterialised
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import BrokerClient
from evalstream.streams.transport.kafka.client import KafkaClient

PATIENCE = 90.0


def wait_for(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Return when a condition holds; fail with what was waited for."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        pause.wait(0.05)


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

    def records(self, topic: str) -> Iterator[bytes]:
        """All values on a topic."""
        for partition in range(self.client.partitions(topic)):
            offset, end = self.client.first_offset(topic, partition), self.client.end_offset(topic, partition)
            while offset < end:
                found = self.client.read(topic, partition, offset, 5000, 1 << 30)
                yield from (record.value or b"" for record in found)
                offset = found[-1].offset + 1 if found else end

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
