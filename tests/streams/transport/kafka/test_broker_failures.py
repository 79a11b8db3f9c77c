"""A broker that is killed, or hangs: who sends waits and says so, goes on, and nothing confirmed is lost."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from pathlib import Path

import pytest
from waiting import wait_for

from evalstream.streams.errors import BrokerError
from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.client import batches_of
from evalstream.streams.transport.kafka import connection, reach
from evalstream.streams.transport.kafka import sender as sender_module
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord

COMMAND = str(Path(sys.executable).parent / "evalstream")
SESSION = {"broker.session.timeout.ms": "1500", "broker.heartbeat.interval.ms": "300"}
ALL = 1 << 30


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    with LocalCluster(tmp_path_factory.mktemp("kafka"), heap="256m", overrides=SESSION) as cluster:
        yield cluster


@pytest.fixture
def settings(cluster: LocalCluster, topic_prefix: str) -> Iterator[Settings]:
    made = Settings(broker=cluster.url, topic_prefix=topic_prefix, partitions=2)
    asyncio.run(prepared_topics(made))
    yield made
    # A test that fails leaves a broker for the next one.
    (node,) = cluster.nodes
    node.resume()
    node.start()
    node.wait_ready()


def read_all(settings: Settings, topic: str) -> list[bytes]:
    client = KafkaClient(settings)
    values: list[bytes] = []
    for partition in range(client.partitions(topic)):
        for records in batches_of(client, topic, partition):
            values += [record.value or b"" for record in records]
    client.close()
    return values


class Publisher:
    """Appends one record after the other in a thread, and notes which are confirmed."""

    def __init__(self, settings: Settings) -> None:
        self.confirmed: list[bytes] = []
        self._client, self._end = KafkaClient(settings), threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._done = self._pool.submit(self._run)

    def _run(self) -> None:
        while not self._end.wait(0.005):
            value = b"%d" % len(self.confirmed)
            self._client.append("scores", [NewRecord(value, value)])
            self.confirmed.append(value)

    def goes_on(self) -> None:
        """Return when some more have been confirmed."""
        wanted = len(self.confirmed) + 20
        wait_for(lambda: self._done.done() or len(self.confirmed) >= wanted, "what was to come", 60)
        assert not self._done.done() or self._done.result() is None

    def finish(self) -> None:
        self._end.set()
        self._done.result(60)
        self._pool.shutdown()
        self._client.close()


def holds_all(settings: Settings, publisher: Publisher) -> None:
    found = read_all(settings, "scores")
    assert set(found) == set(publisher.confirmed)
    assert len(found) < len(publisher.confirmed) + 50


def test_publish_goes_on_after_a_crash_of_the_broker(
    cluster: LocalCluster, settings: Settings, make_log: Callable[..., Path], tmp_path: Path
):
    (node,) = cluster.nodes
    log, errors = make_log(samples=150), tmp_path / "stderr"
    line = [COMMAND, "publish", str(log), "--rate", "50", "--broker", settings.broker]
    line += ["--topic-prefix", settings.topic_prefix]
    with errors.open("wb") as said:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said)
    wait_for(lambda: len(read_all(settings, COMPLETIONS.name)) > 20, "what was to come", 60)
    node.kill()
    wait_for(lambda: b"they wait until it does" in errors.read_bytes(), "what was to come", 60)
    assert process.poll() is None
    node.start()
    node.wait_ready()
    out, _ = process.communicate(timeout=60)
    text = errors.read_text()
    assert process.returncode == 0, text
    assert out.decode().endswith(": 150 samples\n")
    # One clear line for each time it waited, and nothing of aiokafka's.
    assert all(re.fullmatch(r"Kafka (has not taken|does not take) records for \S+completions .*", line)
               for line in text.splitlines())  # fmt: skip
    completions = read_all(settings, COMPLETIONS.name)
    ids = {re.search(rb'"sample":\{"id":("?[^",]+)', value).group(1) for value in completions}
    assert len(ids) == 150
    assert len(completions) < 160
    assert len(read_all(settings, EVALS.name)) == 2


def test_what_was_confirmed_before_a_crash_is_there_after_it(
    cluster: LocalCluster, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_module, "FIRST_NOTICE", 0.5)
    (node,) = cluster.nodes
    publisher = Publisher(settings)
    for _ in range(3):
        publisher.goes_on()
        caplog.clear()
        node.kill()
        wait_for(lambda: "they wait until it does" in caplog.text, "what was to come", 60)
        node.start()
        node.wait_ready()
    publisher.goes_on()
    publisher.finish()
    holds_all(settings, publisher)


@pytest.mark.soak  # its seconds do not hold while other tests use both cores
def test_a_broker_that_hangs_longer_than_a_request_may_take_is_waited_for(
    cluster: LocalCluster, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "REQUEST_TIMEOUT_MS", 1000)
    monkeypatch.setattr(sender_module, "FIRST_NOTICE", 1.0)
    (node,) = cluster.nodes
    publisher = Publisher(settings)
    publisher.goes_on()
    node.pause()
    # Requests have timed out, more than once, before the third notice: 1 + 2 + 4 seconds.
    wait_for(lambda: caplog.text.count("they wait until it does") >= 3, "what was to come", 60)
    assert "RequestTimedOutError" in caplog.text
    node.resume()
    publisher.goes_on()
    publisher.finish()
    holds_all(settings, publisher)
    assert read_all(settings, "scores") != []


@pytest.mark.soak  # its seconds do not hold while other tests use both cores
def test_notices_come_less_and_less_often(
    cluster: LocalCluster, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_module, "FIRST_NOTICE", 0.2)
    (node,) = cluster.nodes
    publisher = Publisher(settings)
    publisher.goes_on()
    node.pause()
    wait_for(lambda: caplog.text.count("they wait until it does") >= 4, "what was to come", 60)
    node.resume()
    publisher.goes_on()
    publisher.finish()
    ours = [r for r in caplog.records if r.name == sender_module.logger.name and r.levelno == logging.WARNING]
    pauses = [after.created - before.created for before, after in itertools.pairwise(ours)][:3]
    assert pauses == sorted(pauses)


@pytest.mark.soak  # its seconds do not hold while other tests use both cores
@pytest.mark.parametrize("end", ["pause", "kill"])
def test_letting_go_of_a_broker_that_is_away_takes_seconds(
    cluster: LocalCluster,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
):
    monkeypatch.setattr(sender_module, "FIRST_NOTICE", 0.5)
    (node,) = cluster.nodes
    client = KafkaClient(settings)
    client.append("scores", [NewRecord(b"k", b"1")])
    client.read("scores", 0, 0, 1, ALL)
    getattr(node, end)()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.append, "scores", [NewRecord(b"k", b"2")])
        wait_for(lambda: "they wait until it does" in caplog.text, "what was to come", 60)
        begin = time.monotonic()
        client.close()
        assert time.monotonic() - begin < 12
        # Who still waits in another thread is told.
        with pytest.raises(CancelledError):
            waiting.result(10)


def test_ctrl_c_ends_a_publisher_that_waits(
    cluster: LocalCluster, settings: Settings, make_log: Callable[..., Path], tmp_path: Path
):
    (node,) = cluster.nodes
    errors = tmp_path / "stderr"
    line = [COMMAND, "publish", str(make_log(samples=500)), "--rate", "50", "--broker", settings.broker]
    line += ["--topic-prefix", settings.topic_prefix]
    with errors.open("wb") as said:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
    wait_for(lambda: len(read_all(settings, COMPLETIONS.name)) > 5, "what was to come", 60)
    node.pause()
    wait_for(lambda: b"they wait until it does" in errors.read_bytes(), "what was to come", 60)
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(15) == 130
    assert "Traceback" not in errors.read_text()
    assert "Interrupted" in errors.read_text()


def test_a_broker_that_hangs_from_the_start_is_an_error_within_seconds(
    cluster: LocalCluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    (node,) = cluster.nodes
    node.pause()
    begin = time.monotonic()
    with pytest.raises(BrokerError, match="no answer in time"):
        KafkaClient(settings)
    assert time.monotonic() - begin < reach.CONNECT_SECONDS + 8
