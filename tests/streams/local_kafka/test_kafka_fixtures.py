"""The broker that tests are given: one for all workers of a run, gone when the run has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalstream.streams.local_kafka import LocalCluster

TESTS = Path(__file__).resolve().parents[2]

TOGETHER = """
from pathlib import Path
import pytest
from waiting import wait_for
from evalstream.streams.local_kafka.ready import known_brokers

SEEN = Path(__file__).parent / "seen"

@pytest.mark.parametrize("worker", ["one", "other"])
def test_it(worker, kafka_broker, topic_prefix, unique):
    assert known_brokers(int(kafka_broker.rpartition(":")[2])) == {1}
    assert unique("scores") == topic_prefix + "scores"
    with SEEN.open("a") as file:
        print(kafka_broker, topic_prefix, file=file)
    # Both have it before one of them leaves.
    wait_for(lambda: len(SEEN.read_text().splitlines()) == 2, "the other worker")
"""

GIVEN = """
def test_it(kafka_broker):
    assert kafka_broker == "kafka.example:9092"
"""


@pytest.fixture
def run_tests(tmp_path: Path):
    """Run a file of tests, with our fixtures and nothing else of ours."""

    def run(text: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "test_given.py"
        file.write_text(text)
        line = [sys.executable, "-m", "pytest", "-q", "-p", "kafka_fixtures", "-p", "no:cacheprovider"]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "EVALSTREAM_"))}
        return subprocess.run(
            [*line, "--basetemp", str(tmp_path / "base"), *arguments, str(file)],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": os.pathsep.join([str(TESTS / "streams"), str(TESTS)]), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_workers_share_one_broker_that_ends_with_the_run(run_tests, tmp_path: Path):
    done = run_tests(TOGETHER, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    addresses, prefixes = zip(*(line.split() for line in (tmp_path / "seen").read_text().splitlines()), strict=True)
    assert len(set(addresses)) == 1
    assert len(set(prefixes)) == 2
    assert LocalCluster(tmp_path / "base" / "kafka_broker" / "data").running_at() is None


def test_a_broker_that_the_environment_names_is_taken_as_it_is(run_tests, tmp_path: Path):
    done = run_tests(GIVEN, EVALSTREAM_TEST_BROKER="kafka.example:9092")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "base" / "kafka_broker").exists()
