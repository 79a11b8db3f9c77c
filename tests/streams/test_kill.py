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
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore

KILLS = 20
LATEST_MOMENT = 40

spawn = multiprocessing.get_context("forkserver")
spawn.set_forkserver_preload(["evalstream.streams.worker", "evalstream.streams.transport.embedded"])


def publish(log: Path, plan: ScoringPlan, folder: Path, seed: int) -> None:
    """Publish a log in random order, some of its samples twice, its end before its last samples."""
    store = SqliteStore(folder)
    with open_log(log) as source:
        events = LogEvents(source, plan)
        order = [*range(source.sample_count), *range(0, source.sample_count, 7)]
        random.Random(seed).shuffle(order)
        records = list(events.completions(order))
    key = events.eval_id.encode()
    store.append(COMPLETIONS.name, records[:50])
    store.append(EVALS.name, [NewRecord(key, events.started().to_bytes())])
    store.append(COMPLETIONS.name, records[50:-20])
    store.append(EVALS.name, [NewRecord(key, events.completed().to_bytes())])
    store.append(COMPLETIONS.name, records[-20:])
    store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_a_worker_is_killed_the_log_is_that_of_an_undisturbed_run(make_log, scorer_file, tmp_path, seed):
    log, scorers = make_log(120, epochs=2), scorer_file()
    load_file(scorers)
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("slow_match")]))
        undisturbed = tmp_path / "undisturbed.eval"
        asyncio.run(score_log(source, plan, undisturbed, Settings()))
    folder, log_dir = tmp_path / "broker", tmp_path / "logs"
    publish(log, plan, folder, seed)

    chance, killed, ended = random.Random(seed), 0, False
    while not ended:
        die_at = chance.randint(1, LATEST_MOMENT) if killed < KILLS else None
        child = spawn.Process(target=mortal_worker.run, args=(f"embedded://{folder}", log_dir, scorers, die_at))
        child.start()
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL)
        killed += child.exitcode == -signal.SIGKILL
        ended = child.exitcode == 0

    assert killed >= 15
    logs = [path for path in log_dir.iterdir() if not path.name.startswith(".")]
    assert [path.read_bytes() for path in logs] == [undisturbed.read_bytes()]
    store = SqliteStore(folder)
    told = [LogMaterialised.model_validate_json(r.value or b"") for r in store.read("logs", 0, 99, 1 << 30)]
    store.close()
    assert {(log.status, log.ledger[0].scored) for log in told} == {("success", 240)}
