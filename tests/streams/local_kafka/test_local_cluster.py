"""A real broker: it keeps what it was given, whatever ends it, and its failures are told."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka_helpers import make_topic, publish, read

from evalstream.streams.errors import BrokerError
from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.local_kafka.ready import known_brokers

# A killed node comes back only after its session; three seconds would be most of these tests' time.
SESSION = {"broker.session.timeout.ms": "1500", "broker.heartbeat.interval.ms": "300"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A running broker in a folder whose name Kafka's own settings could not hold."""
    with LocalCluster(tmp_path_factory.mktemp("kafka") / "a b,c=ü", heap="256m", overrides=SESSION) as cluster:
        yield cluster


def test_what_is_published_is_read_after_a_stop_and_after_a_crash(cluster: LocalCluster):
    (node,) = cluster.nodes
    make_topic(cluster.bootstrap, "kept")
    publish(cluster.bootstrap, "kept", b"one")
    assert read(cluster.bootstrap, "kept", 1) == [b"one"]

    cluster.stop()
    assert cluster.running_at() is None
    cluster.start()
    publish(cluster.bootstrap, "kept", b"two")

    os.kill(node.pid, signal.SIGKILL)
    with pytest.raises(BrokerError, match=r"Kafka node 1 ended \(exit code 137\).* Its log is .*broker\.log"):
        node.watch()
    node.start()
    node.wait_ready()
    assert read(cluster.bootstrap, "kept", 2) == [b"one", b"two"]


def test_a_second_broker_on_the_folder_is_refused(cluster: LocalCluster):
    second = LocalCluster(cluster.folder)
    with pytest.raises(BrokerError, match=f"already runs on .*, at {cluster.url} .started by process {os.getpid()}"):
        second.start()
    assert cluster.running_at() == cluster.bootstrap


def test_a_taken_port_is_told_before_anything_is_prepared(cluster: LocalCluster, tmp_path: Path):
    port = cluster.nodes[0].plan.port
    second = LocalCluster(tmp_path, ports=(port,))
    with pytest.raises(BrokerError, match=f"Port {port} of .* is taken"):
        second.start()
    assert second.running_at() is None
    assert not (tmp_path / "node-1" / "data").exists()


def test_a_frozen_broker_answers_again_when_it_goes_on(cluster: LocalCluster):
    (node,) = cluster.nodes
    node.pause()
    with pytest.raises(OSError, match="timed out"):
        known_brokers(node.plan.port, timeout=0.3)
    assert node.running
    with pytest.raises(BrokerError, match=r"not ready at 127\.0\.0\.1:\d+ after 0 s"):
        node.wait_ready(timeout=0)
    node.resume()
    node.wait_ready()


def test_settings_that_kafka_refuses_are_told_with_its_reason(tmp_path: Path):
    refused = LocalCluster(tmp_path, overrides={"log.retention.hours": "none"})
    with pytest.raises(BrokerError, match=r"could not prepare .*log\.retention\.hours"):
        refused.start()
    assert refused.running_at() is None


def test_a_heap_that_is_too_small_is_told(cluster: LocalCluster, tmp_path: Path):
    with pytest.raises(BrokerError, match="Too small maximum heap"):
        LocalCluster(tmp_path, heap="1k").start()
