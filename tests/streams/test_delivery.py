"""Whatever becomes of workers and brokers, the log is that of an undisturbed run: the promises of docs/delivery.md."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from kafka_admin_helpers import reassign, where_partitions_are
from kafka_workers import Group, group, group_settings
from waiting import wait_for

from evalstream.scorers.load import load_file, resolve_scorer
from evalstream.streams.events import ScoreEmitted
from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings


def undisturbed(log: Path, scorers: Path, folder: Path) -> bytes:
    """Return the log as `evalstream score` writes it."""
    load_file(scorers)
    path = folder / "undisturbed.eval"
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("slow_match")], action="overwrite"))
        asyncio.run(score_log(source, plan, path, Settings()))
    return path.read_bytes()


@pytest.fixture
def settings(kafka_broker, topic_prefix, tmp_path) -> Settings:
    return group_settings(f"kafka://{kafka_broker}", tmp_path / "logs", topic_prefix=topic_prefix, partitions=4)


@contextmanager
def on_brokers_of_its_own(folder: Path, scorers: Path, nodes: int = 1) -> Iterator[tuple[LocalCluster, Group]]:
    """Have brokers that a test may kill, and a group on them."""
    with ExitStack() as stack:
        cluster = stack.enter_context(LocalCluster(folder / "kafka", nodes=nodes))
        given = group_settings(cluster.url, folder / "logs", partitions=max(nodes, 2))
        yield cluster, stack.enter_context(group(given, folder, scorers))


def ends_well(workers: Group, publisher: subprocess.Popen[bytes], *alive: subprocess.Popen[bytes]) -> None:
    """Workers that are still there end when they are told to, and nobody has printed a traceback."""
    for worker in alive:
        assert worker.poll() is None, workers.output(worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, workers.output(worker)
    assert all("Traceback" not in workers.output(process) for process in (publisher, *alive))


def check(workers: Group, expected: bytes, samples: int) -> None:
    """Each sample has one score that counts, and the one log has the bytes of the undisturbed one."""
    told = workers.told()
    assert {(log.status, log.ledger[0].scored, log.ledger[0].failed) for log in told} == {("success", samples, 0)}
    assert len({log.sha256 for log in told}) == 1
    assert workers.logs() == [expected]


def test_workers_that_join_and_leave_while_events_flow_change_nothing(make_log, scorer_file, tmp_path, settings):
    log, scorers = make_log(300, epochs=2), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    chance = random.Random(7)
    with group(settings, tmp_path, scorers) as workers:
        alive = workers.ready_workers(2)
        publisher = workers.publish(log, "--rate", "60", "--shuffle")
        while publisher.poll() is None:
            newcomer = workers.worker()
            workers.ready(newcomer)
            leaver = alive.pop(chance.randrange(len(alive)))
            leaver.send_signal(chance.choice([signal.SIGTERM, signal.SIGKILL]))
            leaver.wait()
            alive.append(newcomer)
        assert publisher.returncode == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        check(workers, expected, 600)


def test_a_worker_that_was_frozen_past_its_session_changes_nothing_when_it_goes_on(
    make_log, scorer_file, tmp_path, settings
):
    log, scorers = make_log(200), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with group(settings, tmp_path, scorers) as workers:
        frozen = workers.worker()
        workers.ready(frozen)
        publisher = workers.publish(log, "--rate", "100")
        workers.wait_for_scores(50)
        frozen.send_signal(signal.SIGSTOP)
        other = workers.worker()
        assert publisher.wait(60) == 0, workers.output(publisher)
        wait_for(workers.told, "the other worker's log")
        before = workers.logs()
        frozen.send_signal(signal.SIGCONT)
        # It finds out that its partitions are another's, joins the group again, and can end tidily.
        other.send_signal(signal.SIGTERM)
        assert other.wait(60) == 0, workers.output(other)
        again = workers.worker("--exit-when-idle", "2")
        frozen.send_signal(signal.SIGTERM)
        assert frozen.wait(60) == 0, workers.output(frozen)
        assert again.wait(90) == 0, workers.output(again)
        assert workers.logs() == before
        check(workers, expected, 200)
        # Scores may have been sent twice, with one id each: the first by its offset counts.
        ids = Counter(ScoreEmitted.model_validate_json(value).score_id for value in workers.records("scores"))
        assert len(ids) == 200


def test_a_broker_that_dies_and_comes_back_loses_nothing(make_log, scorer_file, tmp_path):
    log, scorers = make_log(300), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with on_brokers_of_its_own(tmp_path, scorers) as (cluster, workers):
        worker = workers.worker()
        workers.ready(worker)
        publisher = workers.publish(log, "--rate", "50")
        (node,) = cluster.nodes
        for _ in range(2):
            workers.wait_for_scores(workers.scores() + 20)
            node.kill()
            node.start()
            node.wait_ready()
        assert publisher.wait(120) == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        check(workers, expected, 300)
        ends_well(workers, publisher, worker)


def test_a_broker_that_is_paused_for_a_minute_is_waited_for(make_log, scorer_file, tmp_path):
    log, scorers = make_log(300), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with on_brokers_of_its_own(tmp_path, scorers) as (cluster, workers):
        worker = workers.worker()
        workers.ready(worker)
        publisher = workers.publish(log, "--rate", "50")
        workers.wait_for_scores(50)
        (node,) = cluster.nodes
        node.pause()
        with pytest.raises(subprocess.TimeoutExpired):
            publisher.wait(60)
        assert worker.poll() is None
        node.resume()
        assert publisher.wait(120) == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        check(workers, expected, 300)
        ends_well(workers, publisher, worker)
        assert "Kafka has not taken records" in workers.output(publisher)


def test_a_worker_whose_broker_is_gone_ends_when_it_is_told_to(scorer_file, tmp_path):
    with on_brokers_of_its_own(tmp_path, scorer_file()) as (cluster, workers):
        worker = workers.worker()
        workers.ready(worker)
        (node,) = cluster.nodes
        node.kill()
        wait_for(lambda: "Unable connect to node" in workers.output(worker), "the worker to notice")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, workers.output(worker)


def test_partitions_that_move_between_three_brokers_lose_nothing(make_log, scorer_file, tmp_path):
    # A minute of samples: longer than three brokers need to die and come back.
    log, scorers = make_log(1500), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with on_brokers_of_its_own(tmp_path, scorers, nodes=3) as (cluster, workers):
        alive = workers.ready_workers(2)
        publisher = workers.publish(log, "--rate", "25")
        # Each broker in turn dies and comes back: its partitions are led by the two others meanwhile.
        for node in cluster.nodes:
            scored = workers.scores()
            node.kill()
            workers.wait_for_scores(scored + 20)
            node.start()
            node.wait_ready(frozenset(each.node_id for each in cluster.nodes))
        assert publisher.wait(120) == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        check(workers, expected, 1500)
        ends_well(workers, publisher, *alive)


def test_partitions_that_are_moved_by_hand_from_broker_to_broker_lose_nothing(make_log, scorer_file, tmp_path):
    log, scorers = make_log(600), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with on_brokers_of_its_own(tmp_path, scorers, nodes=3) as (_, workers):
        alive = workers.ready_workers(2)
        publisher = workers.publish(log, "--rate", "25", "--shuffle")
        # Each partition, Kafka's own of the group too, leaves every broker once, and its leader with it.
        for first in range(3):
            scored = workers.scores()

            def pair(topic: str, partition: int, first: int = first) -> list[int]:
                at = first + partition
                return [at % 3 + 1, (at + 1) % 3 + 1]

            reassign(workers.settings, pair)
            wait_for(
                lambda wanted=pair: all(
                    sorted(brokers) == sorted(wanted(*place))
                    for place, brokers in where_partitions_are(workers.settings).items()
                ),
                "all partitions to be where they should be",
            )
            workers.wait_for_scores(scored + 20)
        assert publisher.wait(120) == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        check(workers, expected, 600)
        ends_well(workers, publisher, *alive)


def test_an_eval_published_again_with_other_content_keeps_what_was_scored_first(
    make_log, scorer_file, tmp_path, settings
):
    first, scorers = make_log(40), scorer_file()
    expected = undisturbed(first, scorers, tmp_path)
    with group(settings, tmp_path, scorers) as workers:
        publisher = workers.publish(first)
        assert publisher.wait(60) == 0, workers.output(publisher)
        worker = workers.worker()
        wait_for(workers.told, "the log")
        other = make_log(40, output={"model": "none", "choices": [], "completion": "something else"})
        publisher = workers.publish(other)
        assert publisher.wait(60) == 0, workers.output(publisher)
        wait_for(lambda: workers.scores() == 80, "scores of the second time")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0, workers.output(worker)
        check(workers, expected, 40)


@pytest.mark.soak
def test_a_storm_of_rebalances_loses_nothing(make_log, scorer_file, tmp_path, settings):
    log, scorers = make_log(2000), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    chance = random.Random(11)
    with group(settings, tmp_path, scorers) as workers:
        publisher = workers.publish(log, "--rate", "40", "--shuffle")
        alive: list[subprocess.Popen[bytes]] = []
        while publisher.poll() is None:
            while len(alive) < 3:
                alive.append(workers.worker())
            workers.ready(alive[-1])
            victim = alive.pop(chance.randrange(3))
            fate = chance.choice([signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
            victim.send_signal(fate)
            if fate == signal.SIGSTOP:  # past its session
                with pytest.raises(subprocess.TimeoutExpired):
                    victim.wait(chance.uniform(7, 9))
                victim.send_signal(signal.SIGCONT)
                alive.append(victim)
            else:
                victim.wait(60)
        assert publisher.returncode == 0, workers.output(publisher)
        wait_for(workers.told, "the log")
        for worker in alive:
            assert worker.poll() is None, workers.output(worker)
        check(workers, expected, 2000)


def test_everything_twice_and_in_any_order_changes_nothing(make_log, scorer_file, tmp_path, settings):
    log, scorers = make_log(120, epochs=2), scorer_file()
    expected = undisturbed(log, scorers, tmp_path)
    with group(settings, tmp_path, scorers) as workers:
        publishers: list[subprocess.Popen[bytes]] = [workers.publish(log, "--shuffle") for _ in range(2)]
        assert [publisher.wait(60) for publisher in publishers] == [0, 0]
        worker = workers.worker("--exit-when-idle", "2")
        assert worker.wait(90) == 0, workers.output(worker)
        check(workers, expected, 240)
