"""Rescoring what is on a broker: the same scorers give the live log's bytes, and live scoring is left alone."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rescore_helpers
from aiokafka.admin import AIOKafkaAdminClient
from click.testing import CliRunner, Result
from test_kill import spawn
from test_pipeline import COMMAND

from evalstream.scorers.load import load_file, resolve_scorer
from evalstream.streams.cli import main
from evalstream.streams.events import EvalCompleted, EvalStarted, SampleCompleted
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents, of_eval
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.rescore.missing import missing_completions
from evalstream.streams.rescore.rescoring import BROKER_FOLDER
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS, EVALS, LOGS, METRICS, SCORES
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.worker import running_worker, until_idle

ALL = 1 << 30
GROUP = "evalstream"

COUNTING = """
import asyncio, os
from pathlib import Path
from evalstream.scorers import Score, accuracy, scorer, stderr

@scorer(metrics=[accuracy(), stderr()])
def counting():
    async def score(state, target):
        await asyncio.sleep((hash(state.input_text) % 10) / 1000)
        if "CALLS" in os.environ:
            with Path(os.environ["CALLS"]).open("a+") as file:
                file.write(f"{state.sample_id}/{state.epoch}\\n")
                file.seek(0)
                if len(file.readlines()) == 120:
                    os.kill(os.getppid(), int(os.environ["SIGNAL"]))
        return Score(value="C" if state.output.completion == target.text else "I")
    return score
"""


@pytest.fixture(params=["embedded", "kafka"])
def settings(request, tmp_path) -> Settings:
    """Settings of a live worker on a broker of each kind."""
    if request.param == "embedded":
        return Settings(broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "live")
    given = Settings(
        broker=f"kafka://{request.getfixturevalue('kafka_broker')}",
        topic_prefix=request.getfixturevalue("topic_prefix"), partitions=3, log_dir=tmp_path / "live",
    )  # fmt: skip
    asyncio.run(prepared_topics(given))
    return given


@pytest.fixture
def embedded(tmp_path) -> Settings:
    return Settings(broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "live")


def publish(log: Path, settings: Settings, *scorers: str, twice: int = 0, extra: list[NewRecord] | None = None) -> None:
    """Publish a log in random order, every seventh sample twice, and further completions that count as samples."""
    wishes = Wishes(scorers=[resolve_scorer(name) for name in scorers], action="overwrite")
    extra = extra or []
    with open_log(log) as source:
        events = LogEvents(source, plan_scoring(source.header, wishes))
        order = [*range(source.sample_count), *range(twice, source.sample_count, 7)]
        random.Random(1).shuffle(order)
        records = [*events.completions(order), *extra, *extra]
        completed = events.completed()
        count = source.sample_count + len(extra)
        client = open_client(settings)
        client.append(EVALS.name, [of_eval(events.started())])
        client.append(COMPLETIONS.name, records)
        client.append(EVALS.name, [of_eval(completed.model_copy(update={"samples": count}))])
        client.close()


def work(settings: Settings) -> list[bytes]:
    """Run a live worker until it has nothing to do, and return the logs that it wrote."""
    settings.log_dir.mkdir(exist_ok=True)

    async def scenario() -> None:
        async with running_worker(settings) as pipeline:
            while not list(pipeline.runs) or pipeline.runs.unfinished():
                await asyncio.wait({pipeline.failed}, timeout=0.02)
                if pipeline.failed.done():
                    pipeline.failed.result()
            await until_idle(pipeline, 0.1)

    asyncio.run(asyncio.wait_for(scenario(), 90))
    return [path.read_bytes() for path in sorted(settings.log_dir.iterdir())]


@pytest.fixture
def rescore(tmp_path: Path, monkeypatch) -> Callable[..., Result]:
    """Return a function that runs ``evalstream rescore`` in this process."""
    monkeypatch.chdir(tmp_path)

    def run(settings: Settings, *arguments: object) -> Result:
        result = CliRunner().invoke(main, ["rescore", *where(settings), *map(str, arguments)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def where(settings: Settings) -> list[str]:
    return ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix, "--log-dir", "again"]


def offsets(settings: Settings) -> dict[str, Any]:
    """Where all topics end, and what the live group has committed."""
    client = open_client(settings)
    ends = {
        f"{topic.name}/{partition}": client.end_offset(topic.name, partition)
        for topic in (EVALS, COMPLETIONS, SCORES, METRICS, DEAD_LETTERS)
        for partition in range(client.partitions(topic.name))
    }
    client.close()
    if settings.broker.startswith("kafka"):
        return {**ends, **asyncio.run(committed(settings))}
    store = SqliteStore(Path(settings.broker.removeprefix("embedded://")))
    found = {topic: store.committed(GROUP, topic) for topic in (EVALS.name, COMPLETIONS.name, SCORES.name)}
    store.close()
    return {**ends, **found}


async def committed(settings: Settings) -> dict[str, Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.broker.removeprefix("kafka://"))
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(settings.topic_prefix + GROUP)
        groups = [name for name, _ in await admin.list_consumer_groups() if name.startswith(settings.topic_prefix)]
    finally:
        await admin.close()
    return {"groups": groups, **{f"{tp.topic}/{tp.partition}": place.offset for tp, place in found.items()}}


def told(settings: Settings) -> list[dict[str, Any]]:
    client = open_client(settings)
    found = [
        json.loads(record.value or b"")
        for partition in range(client.partitions(LOGS.name))
        for record in client.read(LOGS.name, partition, 0, 99, ALL)
    ]
    client.close()
    return found


def test_the_same_scorers_give_the_bytes_of_the_live_log(make_log, tmp_path, settings, rescore):
    log = make_log(120, epochs=2, scorers=("match", "includes"))
    eval_id = f"id-{log.name}"
    dead = [
        NewRecord(f"{eval_id}/x".encode(), b'{"eval_id":"' + eval_id.encode() + b'","sample":5}'),
        NewRecord(f"{eval_id}/y".encode(), SampleCompleted(eval_id=eval_id, unreadable="y is damaged").to_bytes()),
    ]
    publish(make_log(9, name="other.eval"), settings)
    publish(log, settings, extra=dead)
    client = open_client(settings)
    client.append(COMPLETIONS.name, [NewRecord(b"k", b"garbage"), NewRecord(None, None)])
    client.close()
    live = work(settings)
    before = offsets(settings)

    result = rescore(settings, eval_id, "--output-file", "again.eval")
    assert result.exit_code == 1, result.output
    assert "not readable: y is damaged" in result.output
    assert (tmp_path / "again.eval").read_bytes() in live
    assert offsets(settings) == before
    (run,) = [log for log in told(settings) if log["run_id"] != "live"]
    assert (run["eval_id"], run["location"]) == (eval_id, "again.eval")
    assert not (tmp_path / ".evalstream").exists()


def test_another_scorer_gives_what_score_gives_on_the_log(make_log, tmp_path, settings, rescore):
    log = make_log(60, epochs=2)
    publish(log, settings)
    work(settings)
    result = rescore(settings, "made", "--scorer", "f1", "--epochs-reducer", "max", "--output-file", "f1.eval")
    assert result.exit_code == 0, result.output
    path = tmp_path / "expected.eval"
    with open_log(log) as source:
        wishes = Wishes(scorers=[resolve_scorer("f1")], reducers=["max"], action="overwrite")
        asyncio.run(score_log(source, plan_scoring(source.header, wishes), path, Settings()))
    assert (tmp_path / "f1.eval").read_bytes() == path.read_bytes()


def test_appended_scores_are_those_that_score_appends_to_the_live_log(make_log, tmp_path, settings, rescore):
    log = make_log(60, epochs=2)
    dead = SampleCompleted(eval_id=f"id-{log.name}", unreadable="it is damaged").to_bytes()
    publish(log, settings, extra=[NewRecord(b"k", dead)])
    work(settings)
    result = rescore(settings, "made", "--scorer", "f1", "--action", "append", "--output-file", "both.eval")
    assert result.exit_code == 0, result.output
    (live,), path = list(settings.log_dir.iterdir()), tmp_path / "expected.eval"
    with open_log(live) as source:
        wishes = Wishes(scorers=[resolve_scorer("f1")], action="append")
        asyncio.run(score_log(source, plan_scoring(source.header, wishes), path, Settings()))
    assert (tmp_path / "both.eval").read_bytes() == path.read_bytes()


def test_appending_needs_a_live_run_that_is_complete(make_log, embedded, rescore):
    publish(make_log(5), embedded)
    result = rescore(embedded, "made", "--scorer", "f1", "--action", "append")
    assert result.exit_code == 2
    assert "is not complete: of 5 samples 0 have their scores" in result.output
    assert not Path(".evalstream").exists()


def test_an_eval_that_no_worker_has_scored_yet_can_be_rescored(make_log, embedded, rescore):
    publish(make_log(5), embedded)
    result = rescore(embedded, "made", "--json", "--display", "none")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["samples"], report["status"], report["action"]) == (5, "success", "overwrite")
    assert Path(report["output"]).parent == Path("again")


@pytest.fixture
def counted(make_log, scorer_file, settings) -> tuple[Path, bytes]:
    """An eval of 200 samples with a scorer that writes its calls to $CALLS: the scorer's file, and the live log."""
    scorers = scorer_file(COUNTING)
    load_file(scorers)
    publish(make_log(100, epochs=2), settings, "counting", twice=ALL)
    (live,) = work(settings)
    return scorers, live


def command(settings: Settings, scorers: Path, *more: str) -> list[str]:
    asked = ["--scorer", f"{scorers}@counting", "--window-samples", "16", "--output-file", "again.eval"]
    return [*where(settings), "made", *asked, *more]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_ended_goes_on_without_scoring_again_what_it_had_scored(counted, tmp_path, settings, number):
    scorers, live = counted
    line = [COMMAND, "rescore", *command(settings, scorers)]
    calls = tmp_path / "calls"
    # Without coverage, which takes SIGTERM for itself.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment = {**inherited, "CALLS": str(calls), "SIGNAL": str(int(number))}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    ended = run()
    (folder,) = (tmp_path / ".evalstream" / "rescore").iterdir()
    if number == signal.SIGKILL:
        assert ended.returncode == -number
    else:
        assert (ended.returncode, ended.stdout) == (130, "")
        assert f"is in {folder}; to give it up, remove that folder." in ended.stderr
        assert "Traceback" not in ended.stderr
    store = SqliteStore(folder / BROKER_FOLDER)
    scores = [json.loads(record.value or b"") for record in store.read(SCORES.name, 0, ALL, ALL)]
    store.close()
    # The scorer's sample-epochs are those of whole calls: a line each.
    done = [f"{score['sample_id']}/{score['epoch']}" for score in scores]
    assert len(done) > 50

    resumed = run()
    assert resumed.returncode == 0, resumed.stderr
    assert "Note: going on with run rescore-" in resumed.stderr
    times = Counter(calls.read_text().split())
    assert (len(times), {times[sample] for sample in done}) == (200, {1})
    assert (tmp_path / "again.eval").read_bytes() == live
    assert not (tmp_path / ".evalstream").exists()


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_it_is_killed_the_same_command_ends_with_the_same_bytes(
    counted, tmp_path, settings, seed, monkeypatch
):
    scorers, live = counted
    monkeypatch.chdir(tmp_path)
    arguments = command(settings, scorers, "--display", "none")
    chance, killed = random.Random(seed), 0
    while True:
        die_at = chance.randint(1, 150) if killed < 12 else None
        child = spawn.Process(target=rescore_helpers.command, args=(arguments, die_at, "errors"))
        child.start()
        child.join(60)
        child.kill()
        assert child.exitcode in (0, -signal.SIGKILL), Path("errors").read_text()
        if child.exitcode == 0:
            break
        killed += 1
    assert killed >= 8
    assert Path("again.eval").read_bytes() == live
    assert len({log["run_id"] for log in told(settings)}) == 2
    assert not Path(".evalstream").exists()


def test_an_appending_run_that_is_killed_goes_on_too(counted, tmp_path, settings, rescore):
    scorers, _ = counted
    asked = ("--action", "append", "--display", "none")
    arguments = command(settings, scorers, *asked)
    chance = random.Random(5)
    for _ in range(6):
        child = spawn.Process(target=rescore_helpers.command, args=(arguments, chance.randint(1, 120), "errors"))
        child.start()
        child.join(60)
        assert child.exitcode in (0, -signal.SIGKILL), Path("errors").read_text()
        if child.exitcode == 0:
            break
    if Path(".evalstream").exists():
        assert rescore(settings, *arguments[arguments.index("made") :]).exit_code == 0
    (live,), path = list(settings.log_dir.iterdir()), tmp_path / "expected.eval"
    with open_log(live) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("counting")], action="append"))
        asyncio.run(score_log(source, plan, path, Settings()))
    assert Path("again.eval").read_bytes() == path.read_bytes()


def test_completions_that_retention_removed_are_missing_in_ledger_and_log(make_log, embedded, rescore):
    log = make_log(20)
    with open_log(log) as source:
        events = LogEvents(source, plan_scoring(source.header, Wishes(action="overwrite")))
        client = open_client(embedded)
        client.append(EVALS.name, [of_eval(events.started())])
        client.append(COMPLETIONS.name, list(events.completions()))
        client.append(EVALS.name, [of_eval(events.completed())])
        client.close()
    forget(embedded, 2)

    result = rescore(embedded, "made", "--json", "--display", "none", "--output-file", "again.eval")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    (entry,) = report["ledger"]
    assert (entry["expected"], entry["scored"], entry["dead_lettered"]) == (20, 18, 2)
    assert report["status"] == "error"
    assert [line.split(" (")[0] for line in sorted(report["failures"])] == [
        f"not readable: sample {name}: its completion is not on the topic" for name in ("0", "s1")
    ]
    with open_log(Path("again.eval")) as source:
        assert source.sample_count == 18
        assert "Of 20 samples 2 not readable" in source.header["error"]["message"]


def test_an_eval_without_any_completion_left_is_an_error(make_log, embedded, rescore):
    publish(make_log(3), embedded)
    forget(embedded, ALL)
    result = rescore(embedded, "made")
    assert result.exit_code == 2
    assert "None of the completions of eval 'id-made.eval' is on the topic any more" in result.output
    assert not Path(".evalstream").exists()


def forget(settings: Settings, before: int) -> None:
    """Do what retention does."""
    db = sqlite3.connect(Path(settings.broker.removeprefix("embedded://")) / "topics.sqlite")
    with db:
        db.execute(
            'DELETE FROM records WHERE "offset" < ? AND topic = (SELECT id FROM topics WHERE name = ?)',
            (before, COMPLETIONS.name),
        )
    db.close()


def test_how_many_are_missing_is_said_also_where_nobody_knows_which():
    run = RunState("e", "live", lambda offset: pytest.fail("no score is needed"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "started", EvalStarted(eval_id="e"))
        run.complete(EvalCompleted(eval_id="e", samples=3))
        records = missing_completions(run)
    assert [json.loads(record.value or b"")["unreadable"].split(":")[0] for record in records] == [
        f"sample {number} of 3 that are missing" for number in (1, 2, 3)
    ]
