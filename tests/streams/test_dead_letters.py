"""End to end: what cannot be scored becomes a dead letter, costs nobody else, and once requeued the log is healed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mortal_worker
import pytest
from test_kill import spawn
from test_pipeline import COMMAND, Broker, Events, finished, header_of

from evalstream.scorers.load import load_file, resolve_scorer
from evalstream.streams.agents import materialise
from evalstream.streams.claims import ClaimStores
from evalstream.streams.dead_letters.letter import Letter
from evalstream.streams.dead_letters.requeue import requeue
from evalstream.streams.dead_letters.shelf import on_shelf, scan
from evalstream.streams.events import LogMaterialised, MetricsUpdated
from evalstream.streams.logs.source import open_log
from evalstream.streams.pipeline import Pipeline
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.scoring import retries
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS, EVALS, LOGS, METRICS
from evalstream.streams.transport.client import LocalClient, open_client
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.worker import running_worker, until_idle

ALL = 1 << 30
KILLS, LATEST_MOMENT = 10, 30

PICKY = """
import asyncio
from pathlib import Path
from evalstream.scorers import Score, accuracy, scorer, stderr

@scorer(metrics=[accuracy(), stderr()])
def picky():
    async def score(state, target):
        await asyncio.sleep(0)
        if state.metadata["place"] % 3 == 0 and not Path({flag!r}).exists():
            raise {error}("place \\x1b[2J is odd")
        return Score(value="C" if state.output.completion == target.text else "I", answer=state.output.completion)
    return score
"""


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retries, "LAST_PAUSE", 0.02)


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    """A file that, once it is there, mends the scorer `picky`."""
    return tmp_path / "mended"


@pytest.fixture
def picky(flag: Path, scorer_file) -> Callable[..., Path]:
    """Return a function that writes the file of `picky`, which fails on every third sample by such an error."""
    return lambda error="ValueError": scorer_file(PICKY.format(flag=str(flag), error=error))


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path)


def undisturbed(log: Path, scorers: Path, flag: Path, tmp_path: Path, *names: str) -> bytes:
    """Return the bytes of the log that scorers without failures give: those of these names, or the log's own."""
    load_file(scorers)
    flag.touch()
    path = tmp_path / "undisturbed.eval"
    wishes = Wishes(scorers=[resolve_scorer(name) for name in names], action="overwrite")
    with open_log(log) as source:
        asyncio.run(score_log(source, plan_scoring(source.header, wishes), path, Settings()))
    flag.unlink()
    return path.read_bytes()


class Commands:
    """Commands on one broker, each in a process of its own."""

    def __init__(self, url: str, log_dir: Path, **environ: str) -> None:
        self.url, self.log_dir = url, log_dir
        self._environ = {**os.environ, **environ}

    def start(self, *args: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [COMMAND, *map(str, args), "--broker", self.url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, env=self._environ,
        )  # fmt: skip

    def __call__(self, *args: object) -> str:
        return finished(self.start(*args))

    def worker(self, scorers: Path, *more: object) -> str:
        args = ("--log-dir", self.log_dir, "--scorers", scorers, "--scoring-attempts", 1, *more)
        return self("worker", *args, "--exit-when-idle", 2)

    def letters(self, *args: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("dead-letters", "list", "--json", *args))["dead_letters"]
        return found

    def log(self) -> bytes:
        (path,) = self.log_dir.iterdir()
        return path.read_bytes()


@pytest.fixture(params=["embedded", "kafka"])
def commands(request, tmp_path: Path) -> tuple[Commands, Settings]:
    log_dir = tmp_path / "scored"
    log_dir.mkdir()
    if request.param == "embedded":
        url = f"embedded://{tmp_path / 'broker'}"
        return Commands(url, log_dir), Settings(broker=url)
    url, prefix = f"kafka://{request.getfixturevalue('kafka_broker')}", request.getfixturevalue("topic_prefix")
    more = {"EVALSTREAM_TOPIC_PREFIX": prefix, "EVALSTREAM_PARTITIONS": "3", "EVALSTREAM_SESSION_TIMEOUT": "6"}
    return Commands(url, log_dir, **more), Settings(broker=url, topic_prefix=prefix)


def told(settings: Settings) -> list[LogMaterialised]:
    client = open_client(settings)
    try:
        records = [r for p in range(client.partitions(LOGS.name)) for r in client.read(LOGS.name, p, 0, 999, ALL)]
    finally:
        client.close()
    return [LogMaterialised.model_validate_json(record.value or b"") for record in records]


def test_what_failed_is_listed_requeued_and_scored_and_the_log_is_that_of_an_undisturbed_run(
    commands, make_log, picky, flag, tmp_path
):
    run, settings = commands
    log, scorers = make_log(10, scorers=("picky",)), picky()
    expected = undisturbed(log, scorers, flag, tmp_path, "picky")
    run.worker(scorers)  # which makes the topics
    run("publish", log, "--scorer", scorers)
    output = run.worker(scorers)
    letters = run.letters()
    assert [(one["stage"], one["scorer"], one["attempts"]) for one in letters] == [("score", "picky", 1)] * 4
    assert sorted(one["sample"] for one in letters) == ["0", "6", "s3", "s9"]
    assert all(f"dead letter {one['id']}" in output for one in letters)
    assert "\x1b" not in output
    assert told(settings)[-1].ledger[0].failed == 4
    assert run.log() != expected

    assert "\x1b" not in (shown := run("dead-letters", "show", letters[0]["id"][:8]))
    assert "Traceback" in shown
    assert "place" in shown
    assert run("dead-letters", "requeue", "--stage", "decode") == "Requeued 0 dead letters.\n"
    run.worker(scorers)
    assert len(told(settings)) == 1

    flag.touch()
    assert run("dead-letters", "requeue", letters[0]["id"]) == "Requeued 1 dead letter.\n"
    assert len(run.letters("--eval", "id-made.eval")) == 3
    assert run("dead-letters", "requeue", "--eval", "id-made.eval") == "Requeued 3 dead letters.\n"
    run.worker(scorers)
    assert run.letters() == []
    assert run.log() == expected
    logs = told(settings)
    assert (logs[-1].status, logs[-1].ledger[0].failed, logs[-1].ledger[0].scored) == ("success", 0, 10)

    run.worker(scorers)
    assert len(told(settings)) == len(logs)
    assert run.log() == expected


def test_what_fails_again_after_it_was_requeued_is_a_dead_letter_again(broker, make_log, picky, flag):
    run, scorers = Commands(broker.url, broker.log_dir), picky()
    run("publish", make_log(4), "--scorer", scorers)
    run.worker(scorers)
    before = run.letters()
    log = run.log()
    run("dead-letters", "requeue")
    assert run.letters() == []
    run.worker(scorers)
    after = run.letters()
    assert {one["id"] for one in after} == {one["id"] for one in before}
    assert run.log() == log
    assert len(broker.told()) == 1
    assert run("dead-letters", "drop", "--all") == "Dropped 2 dead letters.\n"
    assert run.letters() == []


Stop = Callable[[Pipeline], bool]


def work(broker: Broker, until: Stop | None = None, **settings: Any) -> None:
    """Run a worker in this process until something is so, and all is quiet."""

    async def scenario() -> None:
        given = Settings(**{"broker": broker.url, "log_dir": broker.log_dir, "scoring_attempts": 1, **settings})
        async with running_worker(given) as pipeline:
            while until is not None and not until(pipeline):
                await asyncio.wait({pipeline.failed}, timeout=0.01)
                if pipeline.failed.done():
                    pipeline.failed.result()
            await until_idle(pipeline, 0.2)

    asyncio.run(asyncio.wait_for(scenario(), 60))


def is_written(pipeline: Pipeline) -> bool:
    return any(run.materialised for run in pipeline.runs)


def shelf(broker: Broker) -> dict[str, Letter]:
    store = SqliteStore(broker.folder)
    try:
        return on_shelf(scan(LocalClient(store)))
    finally:
        store.close()


def send_again(broker: Broker) -> int:
    store = SqliteStore(broker.folder)
    try:
        client = LocalClient(store)
        return requeue(client, on_shelf(scan(client)).values())
    finally:
        store.close()


def finals(broker: Broker) -> list[MetricsUpdated]:
    updates = [MetricsUpdated.model_validate_json(record.value or b"") for record in broker.records(METRICS.name)]
    return [update for update in updates if update.final]


def publish(broker: Broker, events: Events, *records: NewRecord) -> None:
    broker.append(EVALS.name, [events.start, events.end])
    broker.append(COMPLETIONS.name, records or events.samples)


def test_a_worker_that_is_there_all_the_time_heals_the_log_too(broker, make_log, picky, flag, tmp_path):
    log = make_log(9, epochs=2, scorers=("picky", "match"))
    expected = undisturbed(log, picky(), flag, tmp_path)
    publish(broker, Events(log))
    seen: list[int] = []

    def healed(pipeline: Pipeline) -> bool:
        if is_written(pipeline) and not seen:
            seen.append(len(broker.told()))
            flag.touch()
            assert send_again(broker) == 6
        return any(run.materialised and run.materialised.status == "success" for run in pipeline.runs)

    work(broker, healed)
    assert list(broker.logs().values()) == [expected]
    assert finals(broker)[0].ledger[0].failed == 6
    assert finals(broker)[-1].ledger == broker.told()[-1].ledger
    assert (finals(broker)[-1].ledger[0].failed, finals(broker)[-1].ledger[1].scored) == (0, 18)
    assert finals(broker)[-1].scores == header_of(broker)["results"]["scores"]


def test_whenever_a_worker_is_killed_while_a_log_is_healed_it_is_that_of_an_undisturbed_run(
    broker, make_log, picky, flag, tmp_path
):
    log, scorers = make_log(24, scorers=("picky",)), picky()
    expected = undisturbed(log, scorers, flag, tmp_path)
    publish(broker, Events(log))
    work(broker, is_written)
    flag.touch()
    assert send_again(broker) == 8
    chance, killed, code = random.Random(7), 0, None
    while code != 0:
        die_at = chance.randint(1, LATEST_MOMENT) if killed < KILLS else None
        settings = Settings(broker=broker.url, log_dir=broker.log_dir)
        child = spawn.Process(target=mortal_worker.run, args=(settings, scorers, die_at))
        child.start()
        child.join(60)
        code = child.exitcode
        assert code in (0, -signal.SIGKILL)
        killed += code == -signal.SIGKILL
    assert killed >= 5
    (path,) = [path for path in broker.log_dir.iterdir() if not path.name.startswith(".")]
    assert path.read_bytes() == expected
    assert broker.told()[-1].status == "success"
    assert shelf(broker) == {}


def test_of_two_stages_each_has_its_letter_and_the_record_is_scored_again_once(broker, make_log, scorer_file, flag):
    load_file(
        scorer_file(
            PICKY.format(flag=str(flag), error="ValueError")
            + PICKY.format(flag=str(flag), error="TimeoutError").replace("def picky", "def late")
        )
    )
    publish(broker, Events(make_log(3, scorers=("picky", "late"))))
    work(broker, is_written, scorer_patience=0)
    assert sorted(letter.stage for letter in shelf(broker).values()) == ["score", "timeout"]
    flag.touch()
    assert send_again(broker) == 2
    assert len(broker.records(COMPLETIONS.name)) == 4
    work(broker, lambda pipeline: len(broker.told()) > 1)
    assert broker.told()[-1].status == "success"


def claimed(record: NewRecord, bodies: dict[str, bytes]) -> NewRecord:
    event = json.loads(record.value or b"")
    key = str(event["sample"]["id"])
    bodies[key] = json.dumps(event.pop("sample")).encode()
    return record._replace(value=json.dumps({**event, "claim": {"store": "blobs", "key": key}}).encode())


def test_what_could_not_be_read_is_dead_until_it_can_and_then_the_log_has_it(broker, make_log, monkeypatch):
    log = make_log(6)
    events, bodies = Events(log), dict[str, bytes]()
    samples = [claimed(record, bodies) if n % 2 else record for n, record in enumerate(events.samples)]
    publish(broker, events, *samples, samples[1])
    work(broker, is_written)
    assert {letter.stage for letter in shelf(broker).values()} == {"decode"}
    assert broker.told()[-1].ledger[0].dead_lettered == 3
    assert "3 not readable" in header_of(broker)["error"]["message"]
    monkeypatch.setattr(ClaimStores, "fetch", lambda self, claim, eval_id: bodies[claim.key])
    assert send_again(broker) == 3
    work(broker, lambda pipeline: broker.told()[-1].status == "success")
    assert (broker.told()[-1].ledger[0].dead_lettered, broker.told()[-1].ledger[0].scored) == (0, 6)
    assert header_of(broker)["status"] == "success"
    work(broker)
    assert broker.told()[-1].ledger[0].dead_lettered == 0


def poison(events: Events) -> Iterator[tuple[str, NewRecord]]:
    good = json.loads(events.samples[0].value or b"")

    def changed(**sample: Any) -> dict[str, Any]:
        return {**good, "sample": {**good["sample"], "id": "p", **sample}}

    def text(event: dict[str, Any], old: str = "", new: bytes = b"") -> bytes:
        return json.dumps(event).encode().replace(old.encode(), new) if old else json.dumps(event).encode()

    given: dict[str, Any] = {
        "nothing": None,
        "an eval id that is half a character": b'{"event":"sample_completed","eval_id":"\\ud800"}',
        "a run id that is half a character": b'{"event":"sample_completed","eval_id":"e","run_id":"\\ud800"}',
        "deep": b"[" * 200_000,
        "deep in a sample": text({**good, "sample": 0}, '"sample": 0', b'"sample": ' + b"[" * 99_999),
        "not UTF-8": (events.samples[0].value or b"").replace(b"match", b"m\xfftch"),
        "an id of many digits": text(changed(id=0), '"id": 0', b'"id": ' + b"9" * 5000),
        "metadata that are none": text(changed(metadata=5)),
        "a target of another kind": text(changed(target={"a": 1})),
        "scores that are none": text({**changed(scores=[1]), "append": True}),
        "a scorer of nobody": text({**changed(), "scorers": [{"name": "\ud800"}]}),
    }
    for what, value in given.items():
        yield what, NewRecord(b"k", value)


@pytest.mark.parametrize(
    "what", [what for what, _ in poison(Events(Path(__file__).parents[1] / "data/logs/b_unscored.eval"))]
)
def test_a_poison_message_holds_nobody_up(broker, make_log, what):
    events = Events(make_log(6))
    bad = dict(poison(events))[what]
    publish(broker, events, *events.samples[:3], bad, *events.samples[3:])
    work(broker, is_written)
    (run_told, *_) = broker.told()
    assert run_told.ledger[0].scored >= 6
    (letter,) = shelf(broker).values()
    (record,) = [r for r in broker.records(DEAD_LETTERS.name) if r.offset == letter.offset]
    assert (record.key, record.value) == (bad.key, bad.value)
    assert letter.at == (0, 3)


def test_a_judge_that_is_down_for_a_while_costs_no_sample(broker, make_log, picky, flag, caplog):
    load_file(picky("ConnectionError"))
    publish(broker, Events(make_log(6, scorers=("picky",))))

    def answers_again(pipeline: Pipeline) -> bool:
        if sum("next try" in record.message for record in caplog.records):
            flag.touch()
        return is_written(pipeline)

    work(broker, answers_again, scoring_attempts=2)
    assert flag.exists()
    assert broker.told()[-1].status == "success"
    assert broker.records(DEAD_LETTERS.name) == []


def test_a_judge_that_stays_down_longer_than_anybody_waits_costs_its_samples(broker, make_log, picky):
    load_file(picky("ConnectionError"))
    publish(broker, Events(make_log(6, scorers=("picky",))))
    work(broker, is_written, scoring_attempts=2, scorer_patience=0)
    assert [letter.attempts for letter in shelf(broker).values()] == [2, 2]


def test_a_log_that_cannot_be_written_for_a_while_fills_no_dead_letters(broker, make_log, monkeypatch, caplog):
    monkeypatch.setattr(materialise, "FIRST_RETRY_SECONDS", 0.01)
    publish(broker, Events(make_log(3)))
    broker.log_dir.rmdir()
    broker.log_dir.touch()

    def there_again(pipeline: Pipeline) -> bool:
        if any("next try" in record.message for record in caplog.records) and broker.log_dir.is_file():
            broker.log_dir.unlink()
            broker.log_dir.mkdir()
        return is_written(pipeline)

    work(broker, there_again)
    assert broker.told()[-1].status == "success"
    assert broker.records(DEAD_LETTERS.name) == []


def test_scores_that_come_while_the_log_is_written_have_it_written_again(broker, make_log):
    log = make_log(5)
    events = Events(log)
    extra = json.loads(events.samples[0].value or b"")
    extra["sample"]["id"] = "late"
    publish(broker, events)
    writings: list[int] = []

    class Late:
        """A listener that sends one more sample while the log is being written."""

        def on_progress(self, run: Any) -> None:
            """Nothing of interest here."""

        def on_writing(self, run: Any, samples: int) -> None:
            writings.append(samples)
            if len(writings) == 1:
                broker.append(COMPLETIONS.name, [NewRecord(b"k", json.dumps(extra).encode())])
                changes = run.changes
                while run.changes == changes:
                    pass

        def on_materialised(self, run: Any, log: Any) -> None:
            """Nothing of interest here."""

        def on_unwritten(self, run: Any, error: Exception) -> bool:
            raise AssertionError(error)

    async def scenario() -> None:
        async with running_worker(Settings(broker=broker.url, log_dir=broker.log_dir), Late()) as pipeline:
            while not is_written(pipeline):
                await asyncio.wait({pipeline.failed}, timeout=0.01)
            await until_idle(pipeline, 0.2)

    asyncio.run(asyncio.wait_for(scenario(), 60))
    assert writings[-6:] == [1, 2, 3, 4, 5, 6]
    assert {entry.scored for log in broker.told() for entry in log.ledger} == {6}


def test_scoring_one_log_does_not_try_again_what_a_scorer_says_wrong(make_log, scorer_file, tmp_path):
    calls = tmp_path / "calls"
    load_file(scorer_file(PICKY.format(flag="/nowhere", error="ValueError").replace(
        "        await", f"        open({str(calls)!r}, 'a').write('x')\n        await"
    )))  # fmt: skip
    with open_log(make_log(4, scorers=("picky",))) as source:
        plan = plan_scoring(source.header, Wishes(scorers=[resolve_scorer("picky")]))
        done = asyncio.run(score_log(source, plan, tmp_path / "out.eval", Settings()))
    assert done.run.failed == 2
    assert calls.read_text() == "xxxx"
