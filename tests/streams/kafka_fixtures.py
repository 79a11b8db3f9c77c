"""Fixtures: one real Kafka for the whole test run, and names by which tests on it do not meet.

``EVALSTREAM_TEST_BROKER=host:port`` names a Kafka that runs already. Otherwise the first test that wants one starts it;
the workers of pytest-xdist share it, and it ends with the last of them, also when they are killed.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.local_kafka.locks import FileLock

__all__ = ["kafka_broker", "shared_broker", "topic_prefix", "unique"]

LONGEST_PREFIX = 60


@pytest.fixture(scope="session")
def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address, as 127.0.0.1:port, of a Kafka of one node that makes no topic by itself."""
    given = os.environ.get("EVALSTREAM_TEST_BROKER")
    if given:
        yield given
        return
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of the run, where each worker has one of its own
    with shared_broker(folder / "kafka_broker") as address:
        yield address


@contextmanager
def shared_broker(folder: Path) -> Iterator[str]:
    """Use the broker of a folder together with other processes: the first starts it, the last waits for its end.

    A process that is killed counts no longer; nobody waits then if it was the last, but the broker ends all the same.
    """
    guard, users = FileLock(folder / "guard"), FileLock(folder / "users")
    cluster = LocalCluster(folder / "data")
    guard.acquire(wait=True)
    try:
        users.acquire(shared=True)
        cluster.share()
        address = cluster.running_at() or cluster.start().bootstrap
    finally:
        guard.release()
    try:
        yield address
    finally:
        guard.acquire(wait=True)
        users.release()
        last = users.acquire()
        cluster.leave()
        if last:
            cluster.wait_until_gone()
            users.release()
        guard.release()


@pytest.fixture
def topic_prefix(request: pytest.FixtureRequest) -> str:
    """A beginning for the names of this test's topics, groups and apps, that no other test has, nor the next run."""
    name = re.sub(r"[^a-zA-Z0-9._-]+", "-", request.node.name).strip("-")
    return f"{name[:LONGEST_PREFIX]}-{uuid.uuid4().hex[:8]}-"


@pytest.fixture
def unique(topic_prefix: str) -> Callable[[str], str]:
    """Return a function that makes a name this test's own: ``unique("scores")``."""
    return lambda name: topic_prefix + name
