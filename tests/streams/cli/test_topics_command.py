"""``evalstream topics``: made once, looked at often, and clear words when it cannot be."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

NAMES = [
    "evals", "completions", "scores", "metrics", "logs", "dead-letters", "evalstream-segments-changelog",
]  # fmt: skip


@pytest.fixture
def on_kafka(folder, kafka_broker, topic_prefix, monkeypatch):
    """Settings of this test's own, as variables."""
    monkeypatch.setenv("EVALSTREAM_BROKER", f"kafka://{kafka_broker}")
    monkeypatch.setenv("EVALSTREAM_TOPIC_PREFIX", topic_prefix)
    return topic_prefix


def lines(text: str) -> list[list[str]]:
    return [line.split("  ") for line in text.splitlines()]


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in row if cell.strip()] for row in lines(text)]


def test_topics_are_made_once_and_shown(run, on_kafka):
    first, again, shown = run("topics", "create", "--partitions", 2), run("topics", "create"), run("topics", "list")
    assert [result.exit_code for result in (first, again, shown)] == [0, 0, 0]
    rows = cells(first.stdout)
    assert rows[0] == ["topic", "partitions", "replication", "clean-up", "retention"]
    assert [row[0] for row in rows[1:]] == [on_kafka + name for name in NAMES]
    assert rows[1][1:] == ["2", "1", "compact", "last of each key", "made"]
    assert rows[2][1:] == ["2", "1", "delete", "30 days", "made"]
    assert again.stdout.replace("there", "made ").split() == first.stdout.split()
    assert shown.stdout == again.stdout
    assert first.stderr == again.stderr == shown.stderr == ""


def test_what_is_missing_is_shown_and_not_made(run, on_kafka):
    for _ in range(2):
        result = run("topics", "list")
        assert result.exit_code == 0
        assert [row[-1] for row in cells(result.stdout)[1:]] == ["missing"] * 7


def test_machines_get_json(run, on_kafka):
    run("topics", "create", "--completions-retention", 60)
    found = {topic["topic"]: topic for topic in json.loads(run("topics", "list", "--json").stdout)}
    assert found[f"{on_kafka}scores"] == {
        "topic": f"{on_kafka}scores", "there": True, "partitions": 8, "replication": 1, "cleanup": "delete",
        "retention_ms": 60_000, "warnings": ["Topic " + on_kafka + "scores has retention.ms=60000, which should be"
                                             " at least 2592000000."],
    }  # fmt: skip
    assert found[f"{on_kafka}logs"]["retention_ms"] is None


def test_what_does_not_suit_is_a_warning_and_no_failure(run, on_kafka, kafka_broker):
    async def make() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_broker)
        await admin.start()
        await admin.create_topics([NewTopic(f"{on_kafka}evals", 8, 1, topic_configs={"cleanup.policy": "delete"})])
        await admin.close()

    asyncio.run(make())
    result = run("topics", "create")
    assert result.exit_code == 0
    assert f"Warning: Topic {on_kafka}evals has cleanup.policy=delete, which should be compact." in result.stderr


@pytest.mark.parametrize("broker", ["embedded:///nowhere/at/all", "memory://"])
def test_other_brokers_need_none(run, folder, broker):
    made = run("topics", "create", "--broker", broker)
    assert (made.exit_code, made.stderr) == (0, "")
    assert f"{broker} needs no topics to be made" in made.stdout
    assert run("topics", "list", "--broker", broker, "--json").stdout == "[]\n"


@pytest.mark.parametrize("command", [("topics", "create"), ("topics", "list"), ("runs",)])
def test_a_broker_that_is_not_there_is_an_error_within_seconds(spawn, command):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    begin = time.monotonic()
    done = spawn(*command, "--broker", f"kafka://{address}")
    assert time.monotonic() - begin < 10
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Error: No Kafka can be reached at kafka://{address} ({address}: ")


@pytest.mark.parametrize("broker", ["kafka://", "rabbit://host", "kafka://host/topic"])
@pytest.mark.parametrize("command", [("topics", "create"), ("topics", "list"), ("runs",)])
def test_a_url_that_makes_no_sense_is_an_error(run, folder, broker, command):
    result = run(*command, "--broker", broker)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error: " in result.stderr
    assert "host:9092" in result.stderr
