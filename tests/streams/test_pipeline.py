"""End to end: whatever way a log's samples take, the scored log has the same bytes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalstream.scorers.load import load_file
from evalstream.streams.events import EvalCompleted, EvalStarted, LogMaterialised, MetricsUpdated, SampleDeadLettered
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS, EVALS, LOGS, METRICS, SCORES
from evalstream.streams.transport.record import NewRecord, Record
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.worker import running_worker, until_idle

DATA = Path(__file__).parents[1] / "data" / "logs"
ALL = 1 << 30
COMMAND = str(Path(sys.executable).parent / "evalstream")


class Broker:
    """An embedded broker of a test, and where its worker's logs go."""

    def __init__(self, folder: Path) -> None:
        self.url, self.folder, self.log_dir = f"embedded://{folder / 'broker'}", folder / "broker", folder / "logs"
        self.log_dir.mkdir()

    def append(self, topic: str, records: Iterable[NewRecord]) -> None:
        store = SqliteStore(self.folder)
        store.append(topic, list(records))
        store.close()

    def records(self, topic: str) -> list[Record]:
        store = SqliteStore(self.folder)
        found = store.read(topic, 0, ALL, ALL)
        store.close()
        return found

    def work(self) -> None:
        """Run a worker in this process until each eval has its log, and a little longer."""
        evals = {
            record.key.decode() for record in self.records(EVALS.name) if b"eval_completed" in (record.value or b"")
        }

        async def scenario() -> None:
            async with running_worker(Settings(broker=self.url, log_dir=self.log_dir)) as pipeline:
                while not evals <= {run.eval_id for run in pipeline.runs if run.materialised}:
                    await asyncio.wait({pipeline.failed}, timeout=0.01)
                    if pipeline.failed.done():
                        pipeline.failed.result()
                await until_idle(pipeline, 0.1)

        asyncio.run(asyncio.wait_for(scenario(), 60))

    def logs(self) -> dict[str, bytes]:
        """Logs that were written, by task name."""
        return {path.name.split("_")[1]: path.read_bytes() for path in self.log_dir.iterdir()}

    def told(self) -> list[LogMaterialised]:
        return [LogMaterialised.model_validate_json(record.value or b"") for record in self.records(LOGS.name)]


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


class Events:
    """The records of a log's events, as `evalstream publish` makes them."""

    def __init__(self, log: Path) -> None:
        with open_log(log) as source:
            events = LogEvents(source, plan_scoring(source.header, Wishes(action="overwrite")))
            self.key = events.eval_id.encode()
            self.start = NewRecord(self.key, events.started().to_bytes())
            self.samples = list(events.completions())
            self.end = NewRecord(self.key, events.completed().to_bytes())


def command(*args: object) -> subprocess.Popen[str]:
    return subprocess.Popen([COMMAND, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finished(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


def test_publish_then_worker_give_the_bytes_of_score(broker: Broker, scored):
    log = DATA / "a_scored.eval"
    finished(command("publish", log, "--broker", broker.url, "--shuffle"))
    finished(command("worker", "--broker", broker.url, "--log-dir", broker.log_dir, "--exit-when-idle", "3"))
    assert broker.logs() == {"addition": scored(log)}


def test_a_worker_that_is_there_first_gives_the_same_bytes(broker: Broker, scored, make_log):
    log = make_log(40, epochs=2)
    worker = command("worker", "--broker", broker.url, "--log-dir", broker.log_dir)
    try:
        for line in worker.stdout:
            if "worker is ready" in line:
                break
        finished(command("publish", log, "--broker", broker.url, "--rate", 200))
        for line in worker.stdout:
            if "80 samples" in line:
                break
    finally:
        worker.terminate()
    finished(worker)
    assert broker.logs() == {"made": scored(log)}


@pytest.mark.parametrize("name", ["e_choice_shuffled.eval", "a_scored.json"])
def test_every_kind_of_log_comes_out_the_same(broker: Broker, scored, name: str):
    events = Events(DATA / name)
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, events.samples)
    broker.work()
    assert list(broker.logs().values()) == [scored(DATA / name)]


def disorders(events: Events) -> dict[str, list[tuple[str, list[NewRecord]]]]:
    start, end = (EVALS.name, [events.start]), (EVALS.name, [events.end])
    half = len(events.samples) // 2
    first, second = (COMPLETIONS.name, events.samples[:half]), (COMPLETIONS.name, events.samples[half:])
    return {
        "backwards": [start, (COMPLETIONS.name, events.samples[::-1]), end],
        "the end before all samples": [start, first, end, second],
        "the end first": [end, start, second, first],
        "the start last": [first, second, end, start],
        "everything twice": [step for step in (start, first, second, end) for _ in range(2)],
        "published twice": [start, first, second, end, start, first, second, end],
    }


@pytest.mark.parametrize("order", sorted(disorders(Events(DATA / "b_unscored.eval"))))
def test_neither_order_nor_repetition_change_the_log(broker: Broker, scored, make_log, order: str):
    log = make_log(30, epochs=2)
    for topic, records in disorders(Events(log))[order]:
        broker.append(topic, records)
    broker.work()
    assert broker.logs() == {"made": scored(log)}


def test_publishing_again_after_the_log_is_written_changes_nothing(broker: Broker, make_log):
    events = Events(make_log())
    for _ in range(2):
        broker.append(EVALS.name, [events.start, events.end])
        broker.append(COMPLETIONS.name, events.samples)
        broker.work()
        logs = broker.logs()
    assert len(broker.told()) == 1
    assert logs == broker.logs()


def test_samples_of_several_evals_may_come_in_turn(broker: Broker, scored, make_log):
    logs = [make_log(25, name="one.eval"), make_log(25, epochs=2, name="two.eval")]
    one, two = map(Events, logs)
    broker.append(EVALS.name, [one.start, two.start])
    for pair in zip(one.samples, two.samples, strict=False):
        broker.append(COMPLETIONS.name, pair)
    broker.append(COMPLETIONS.name, two.samples[25:])
    broker.append(EVALS.name, [two.end, one.end])
    broker.work()
    assert broker.logs() == {log.stem: scored(log) for log in logs}


def test_a_worker_in_many_lives_gives_the_same_bytes(broker: Broker, scored, make_log):
    log = make_log(24)
    events = Events(log)
    broker.append(EVALS.name, [events.start])
    for begin in range(0, 24, 8):
        broker.append(COMPLETIONS.name, events.samples[begin : begin + 8])

        async def until_counted(expected: int = begin + 8) -> None:
            async with running_worker(Settings(broker=broker.url, log_dir=broker.log_dir)) as pipeline:
                while not any(run.received == expected for run in pipeline.runs):
                    await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(until_counted(), 60))
    broker.append(EVALS.name, [events.end])
    broker.work()
    assert broker.logs() == {"made": scored(log)}


def test_the_last_snapshot_says_what_the_log_says(broker: Broker, make_log):
    events = Events(make_log(9))
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, events.samples)
    broker.work()
    final = MetricsUpdated.model_validate_json(broker.records(METRICS.name)[-1].value or b"")
    header = header_of(broker)
    assert final.final
    assert final.scores == header["results"]["scores"]
    assert final.scores[0]["metrics"]["accuracy"]["value"] == pytest.approx(6 / 9)
    assert broker.told()[0].ledger == final.ledger


def header_of(broker: Broker) -> dict[str, Any]:
    (path,) = broker.log_dir.iterdir()
    with open_log(path) as source:
        return dict(source.header)


def broken_records(events: Events) -> Iterator[tuple[str, bytes]]:
    good = json.loads(events.samples[0].value or b"")
    yield "a sample without id", json.dumps({**good, "sample": {"epoch": 1}}).encode()
    yield "a sample that is no object", json.dumps({**good, "sample": [1]}).encode()
    yield "no sample", json.dumps({key: value for key, value in good.items() if key != "sample"}).encode()
    yield "an event of the future", json.dumps({**good, "version": 9}).encode()
    yield "an unknown claim", json.dumps({**good, "sample": None, "claim": {"store": "/etc", "key": "passwd"}}).encode()
    yield "said to be unreadable", json.dumps({**good, "sample": None, "unreadable": "torn"}).encode()


@pytest.mark.parametrize("what", [what for what, _ in broken_records(Events(DATA / "b_unscored.eval"))])
def test_a_broken_sample_is_a_dead_letter_and_a_gap_that_the_log_tells(broker: Broker, make_log, what: str):
    events = Events(make_log(6))
    value = dict(broken_records(events))[what]
    broken = NewRecord(b"their key", value, (("trace", b"\xff"),), 77)
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, [*events.samples[1:3], broken, *events.samples[3:]])
    broker.work()
    (letter,) = broker.records(DEAD_LETTERS.name)
    assert (letter.key, letter.value, letter.headers[0]) == (b"their key", value, ("trace", b"\xff"))
    headers = {key.removeprefix("__evalstream.errors."): text.decode() for key, text in letter.headers[1:]}
    assert (headers["topic"], headers["partition"], headers["offset"]) == ("completions", "0", "2")
    assert (headers["stage"], headers["first_seen"]) == ("decode", "77")
    assert headers["message"]
    (entry,) = broker.told()[0].ledger
    assert (entry.expected, entry.scored, entry.failed, entry.dead_lettered) == (6, 5, 0, 1)
    header = header_of(broker)
    assert header["status"] == "error"
    assert "1 not readable" in header["error"]["message"]
    assert header["results"]["scores"][0]["scored_samples"] == 5


def test_garbage_on_the_topics_harms_nobody(broker: Broker, scored, make_log):
    log = make_log(5)
    events = Events(log)
    garbage = [NewRecord(None, None), NewRecord(b"\xff", b"\x00\xff"), NewRecord(b"k", b"[]"), NewRecord(b"k", b"{}")]
    for topic in (COMPLETIONS, EVALS, SCORES, METRICS):
        broker.append(topic.name, garbage)
    broker.append(COMPLETIONS.name, events.samples)
    broker.append(EVALS.name, [events.start, events.end])
    broker.work()
    assert broker.logs() == {"made": scored(log)}
    assert [letter.value for letter in broker.records(DEAD_LETTERS.name)] == [record.value for record in garbage]


def with_scorer(record: NewRecord, name: str) -> NewRecord:
    event = json.loads(record.value or b"")
    event["scorers"][0]["name"] = name
    return record._replace(value=json.dumps(event).encode())


@pytest.mark.parametrize("lives", [1, 2])
def test_an_unknown_scorer_fails_each_sample_and_the_log_says_so(broker: Broker, make_log, lives: int):
    events = Events(make_log(4))
    broker.append(EVALS.name, [with_scorer(events.start, "of_nobody")])
    broker.append(COMPLETIONS.name, [with_scorer(record, "of_nobody") for record in events.samples[:2]])
    for _ in range(lives - 1):

        async def until_counted() -> None:
            async with running_worker(Settings(broker=broker.url, log_dir=broker.log_dir)) as pipeline:
                while not any(run.received == 2 for run in pipeline.runs):
                    await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(until_counted(), 60))
    broker.append(EVALS.name, [events.end])
    broker.append(COMPLETIONS.name, [with_scorer(record, "of_nobody") for record in events.samples[2:]])
    broker.work()
    (entry,) = broker.told()[0].ledger
    assert (entry.scorer, entry.expected, entry.scored, entry.failed) == ("of_nobody", 4, 0, 4)
    header = header_of(broker)
    assert header["status"] == "error"
    assert "of_nobody" in header["error"]["message"]


RAISING = """
import asyncio
from evalstream.scorers import Score, accuracy, scorer

@scorer(metrics=[accuracy()])
def picky():
    async def score(state, target):
        await asyncio.sleep(0)
        if state.metadata["place"] % 2:
            raise ValueError("odd place")
        return Score(value="C") if state.metadata["place"] else None
    return score
"""


def test_failures_unscored_and_scored_samples_are_told_apart(broker: Broker, make_log, scorer_file):
    load_file(scorer_file(RAISING))
    events = Events(make_log(6, scorers=("picky", "match")))
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, events.samples[::-1])
    broker.work()
    picky, match = broker.told()[0].ledger
    assert (picky.expected, picky.scored, picky.unscored, picky.failed) == (6, 3, 1, 3)
    assert (match.scored, match.failed) == (6, 0)
    message = header_of(broker)["error"]["message"]
    assert "3 not scored by picky" in message
    assert "odd place" in message


def test_the_events_on_the_topics_are_those_of_the_contract(broker: Broker, make_log):
    events = Events(make_log(3))
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, [*events.samples[:2], NewRecord(b"k", b'{"eval_id":"id-made.eval"}')])
    broker.work()
    assert EvalStarted.model_validate_json(events.start.value or b"").expected == 3
    assert EvalCompleted.model_validate_json(events.end.value or b"").samples == 3
    kinds = [json.loads(record.value or b"")["event"] for record in broker.records(SCORES.name)]
    assert sorted(kinds) == ["sample_dead_lettered", "score_emitted", "score_emitted"]
    assert {record.key for record in broker.records(SCORES.name)} == {b"id-made.eval"}
    dead = next(r for r in broker.records(SCORES.name) if b"sample_dead_lettered" in (r.value or b""))
    assert SampleDeadLettered.model_validate_json(dead.value or b"").source.offset == 2


def test_a_second_worker_on_the_broker_is_told_of_the_first(broker: Broker):
    async def scenario() -> str:
        async with running_worker(Settings(broker=broker.url, log_dir=broker.log_dir)):
            return await asyncio.to_thread(lambda: command("worker", "--broker", broker.url).communicate()[0])

    output = asyncio.run(scenario())
    assert f"process {os.getpid()}" in output
    assert "Traceback" not in output


def test_a_log_with_failures_has_the_same_bytes_whatever_the_order(make_log, scorer_file, tmp_path):
    load_file(scorer_file(RAISING))
    events = Events(make_log(8, scorers=("picky",)))
    written = []
    for number, samples in enumerate([events.samples, events.samples[::-1]]):
        (tmp_path / str(number)).mkdir()
        broker = Broker(tmp_path / str(number))
        broker.append(EVALS.name, [events.start, events.end])
        broker.append(COMPLETIONS.name, samples)
        broker.work()
        written.append(broker.logs())
    assert written[0] == written[1]
