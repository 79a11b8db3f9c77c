"""Killed with SIGKILL again and again, at the moments that matter, a worker's log is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import signal
from pathlib import Path

import mortal_worker
import pytest

from evalstream.scorers.load import load_file, resolve_scorer
from evalstream.streams.events import LogMaterialised
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents
from evalstream.streams.publish.plan import ScoringPlan, Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.client import BrokerClient, open_client
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord

spawn = multiprocessing.get_context("forkserver")
spawn.set_forkserver_preload(
    [
        "evalstream.streams.worker",
        "evalstream.streams.transport.embedded",
        "evalstream.streams.transport.kafka.transport",
    ]
)


def publish(log: Path, plan: ScoringPlan, client: BrokerClient, seed: int) -> None:
    """Publish a log in random order, some of its samples twice, its end before its last samples."""
    with open_log(log) as source:
        events = LogEvents(source, plan)
        order = [*range(source.sample_count), *range(0, source.sample_count, 7)]
        random.Random(seed).shuffle(order)
        records = list(events.completions(order))
    key = events.eval_id.encode()
    client.append(COMPLETIONS.name, records[:50])
    client.append(EVALS.name, [NewRecord(key, events.started().to_bytes())])
    client.append(COMPLETIONS.name, records[50:-20])
    client.append(EVALS.name, [NewRecord(key, events.completed().to_bytes())])
    client.append(COMPLETIONS.name, records[-20:])


def survive(settings: Settings, make_log, scorer_file, tmp_path: Path, seed: int, kills: int, latest: int) -> int:
    """Kill workers at random moments until one lives to the end; return how many were killed."""
    log, scorers = make_log(120, epochs=2), scorer_file()
    load_file(scorers)
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("slow_match")]))
        undisturbed = tmp_path / "undisturbed.eval"
        asyncio.run(score_log(source, plan, undisturbed, Settings()))
    client = open_client(settings)
    publish(log, plan, client, seed)

    chance, killed, ended = random.Random(seed), 0, False
    while not ended:
        die_at = chance.randint(1, latest) if killed < kills else None
        child = spawn.Process(target=mortal_worker.run, args=(settings, scorers, die_at))
        child.start()
        child.join(60)
        child.kill()  # if it is still there
        assert child.exitcode in (0, -signal.SIGKILL), f"not done in 60 s, to die at {die_at}"
        killed += child.exitcode == -signal.SIGKILL
        ended = child.exitcode == 0

    logs = [path for path in settings.log_dir.iterdir() if not path.name.startswith(".")]
    assert [path.read_bytes() for path in logs] == [undisturbed.read_bytes()]
    told = [
        LogMaterialised.model_validate_json(record.value or b"")
        for partition in range(client.partitions("logs"))
        for record in client.read("logs", partition, 0, 99, 1 << 30)
    ]
    client.close()
    assert {(log.status, log.ledger[0].scored) for log in told} == {("success", 240)}
    return killed


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_a_worker_is_killed_the_log_is_that_of_an_undisturbed_run(make_log, scorer_file, tmp_path, seed):
    settings = Settings(broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "logs")
    assert survive(settings, make_log, scorer_file, tmp_path, seed, kills=20, latest=100) >= 15


@pytest.mark.parametrize("seed", range(3, 7))
def test_on_kafka_too(make_log, scorer_file, tmp_path, seed, kafka_broker, topic_prefix):
    settings = Settings(
        broker=f"kafka://{kafka_broker}", log_dir=tmp_path / "logs", topic_prefix=topic_prefix, partitions=3,
        # The next worker is the same member of the group: else it would wait until the dead one's session has ended.
        instance_id="mortal", session_timeout=6,
    )  # fmt: skip
    asyncio.run(prepared_topics(settings))
    assert survive(settings, make_log, scorer_file, tmp_path, seed, kills=20, latest=160) >= 15
