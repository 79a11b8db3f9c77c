"""Samples that are too large for the broker go through, and the log has the bytes of `evalstream score`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from blob_helpers import blobs_in, bytes_of, log_of_sizes, noise, options, publish, run, scored_alone, work

from evalstream.streams.blobs.claim_check import ClaimCheck
from evalstream.streams.blobs.folder import FolderPlace
from evalstream.streams.blobs.key import BlobKey
from evalstream.streams.blobs.where import open_blobs
from evalstream.streams.events import SampleCompleted
from evalstream.streams.logs.source import open_log
from evalstream.streams.pipeline import Pipeline
from evalstream.streams.publish.events_of_log import LogEvents, of_eval
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord, Record

LIMIT = 100_000
SIZES = [10, 250_000, 50_000, 99_999, 1_000_000, 100, 250_000]
LARGE = [1, 3, 4, 6]


@pytest.fixture
def embedded(tmp_path) -> Settings:
    folder = tmp_path / "broker"
    return Settings(broker=f"embedded://{folder}", log_dir=tmp_path / "logs", max_message_bytes=LIMIT)


@pytest.fixture
def kafka(kafka_broker, topic_prefix, tmp_path) -> Settings:
    made = Settings(
        broker=f"kafka://{kafka_broker}", topic_prefix=topic_prefix, partitions=2, log_dir=tmp_path / "logs",
        max_message_bytes=LIMIT,
    )  # fmt: skip
    asyncio.run(prepared_topics(made))
    return made


@pytest.fixture(params=["embedded", "kafka"])
def settings(request, tmp_path) -> Settings:
    given: Settings = request.getfixturevalue(request.param)
    given.log_dir.mkdir()
    return given


@pytest.fixture
def log(tmp_path) -> Path:
    return log_of_sizes(tmp_path / "large.eval", SIZES)


def records(settings: Settings, topic: str = COMPLETIONS.name) -> list[Record]:
    client = open_client(settings)
    found: list[Record] = []
    for partition in range(client.partitions(topic)):
        offset = 0
        while more := client.read(topic, partition, offset, 1000, 1 << 30):
            found += more
            offset = more[-1].offset + 1
    client.close()
    return found


def send(settings: Settings, topic: str, *new: NewRecord) -> None:
    client = open_client(settings)
    client.append(topic, new)
    client.close()


def test_a_log_with_samples_over_the_limit_has_the_bytes_of_score(settings, log):
    told = publish(log, settings)
    where = settings.log_dir if settings.broker.startswith("kafka") else settings.log_dir.parent / "broker"
    assert f"7 samples, 4 of them, the large ones, by {where / 'blobs'}" in told
    assert len(blobs_in(where / "blobs")) == len(LARGE)
    events = [SampleCompleted.model_validate_json(record.value or b"") for record in records(settings)]
    assert sum(event.claim is not None for event in events) == len(LARGE)
    assert all(len(record.value or b"") <= LIMIT for record in records(settings))
    assert bytes_of(work(settings)) == scored_alone(log)


@pytest.mark.parametrize("action", ["overwrite", "append"])
def test_rescoring_reads_large_samples_where_publishers_put_them(settings, log, tmp_path, monkeypatch, action):
    publish(log, settings)
    (told,) = work(settings)
    monkeypatch.chdir(tmp_path)
    wishes = ["--scorer", "includes", "--action", action, "--output-file"]
    result = run("rescore", told.eval_id, *options(settings), *wishes, "again.eval")
    assert result.exit_code == 0, result.output
    result = run("score", told.location if action == "append" else log, *wishes, "expected.eval")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "again.eval").read_bytes() == (tmp_path / "expected.eval").read_bytes()


def test_a_log_published_twice_has_its_blobs_once_and_the_same_bytes(settings, log, tmp_path):
    publish(log, settings)
    publish(log, settings)
    assert len(blobs_in(tmp_path)) == len(LARGE)
    assert bytes_of(work(settings)) == scored_alone(log)


def test_blobs_go_to_any_url_of_fsspec_and_come_back(embedded, log, topic_prefix, tmp_path):
    embedded.log_dir.mkdir()
    settings = embedded.model_copy(update={"blob_dir": f"memory://{topic_prefix}/blobs"})
    assert settings.blob_dir in publish(log, settings)
    assert blobs_in(tmp_path) == []
    assert bytes_of(work(settings)) == scored_alone(log)


def test_a_sample_of_100_mb_goes_through_kafka(kafka, tmp_path):
    kafka.log_dir.mkdir()
    settings = kafka.model_copy(update={"max_message_bytes": 8 * 1024 * 1024})
    log = log_of_sizes(tmp_path / "huge.eval", [100, 100_000_000, 100])
    assert "3 samples, 1 of them" in publish(log, settings)
    assert bytes_of(work(settings)) == scored_alone(log)


def test_a_sample_larger_than_any_blob_is_counted_as_unreadable(embedded, log, monkeypatch):
    embedded.log_dir.mkdir()
    monkeypatch.setattr("evalstream.streams.blobs.store.BlobStore.__init__.__defaults__", (500_000,))
    publish(log, embedded)
    (told,) = work(embedded)
    assert (told.status, told.ledger[0].scored, told.ledger[0].dead_lettered) == ("error", 6, 1)


def changed(record: NewRecord, make: Callable[[str], str]) -> NewRecord:
    """Let a completion claim another key."""
    event = json.loads(record.value or b"")
    event["claim"]["key"] = make(event["claim"]["key"])
    return record._replace(value=json.dumps(event).encode())


OTHERS = BlobKey.of("another eval", b"{}")

HOSTILE: dict[str, Callable[[str], str]] = {
    "a way out": lambda key: "../" + key,
    "a way out and in": lambda key: f"{key.partition('/')[0]}/../{key}",
    "an absolute path": lambda key: "/etc/passwd",
    "a NUL": lambda key: key + "\0",
    "a URL": lambda key: "s3://bucket/" + key,
    "a huge one": lambda key: key * 900,
    "another eval's": lambda key: str(OTHERS),
    "another shape of digest": lambda key: key.replace("/", "0/"),
    "an empty one": lambda key: "",
}


def test_hostile_keys_cost_their_sample_only(settings, tmp_path):
    log = log_of_sizes(tmp_path / "hostile.eval", [200_000] * (len(HOSTILE) + 2))
    blobs = open_blobs(settings)
    blobs.put("another eval", b"{}")
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(action="overwrite"))
        events = LogEvents(source, plan, large=ClaimCheck(blobs, LIMIT))
        good = list(events.completions())
        send(settings, EVALS.name, of_eval(events.started()), of_eval(events.completed()))
    hostile = [changed(record, make) for record, make in zip(good, HOSTILE.values(), strict=False)]
    send(settings, COMPLETIONS.name, *hostile, *good[len(hostile) :])
    (told,) = work(settings)
    ledger = told.ledger[0]
    assert (told.status, ledger.scored, ledger.dead_lettered) == ("error", 2, len(HOSTILE))
    letters = listed(settings)
    assert all("no name of a blob" in one["message"] or "another eval has" in one["message"] for one in letters)
    assert {one["sample"] for one in letters} == {str(number) for number in range(len(HOSTILE))}


def only_broker(settings: Settings) -> list[str]:
    return ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix]


def listed(settings: Settings) -> list[dict[str, Any]]:
    """The dead letters that are on the shelf."""
    output = run("dead-letters", "list", "--json", *only_broker(settings)).stdout
    return list(json.loads(output)["dead_letters"])


def test_a_blob_that_is_missing_or_damaged_costs_its_sample_until_it_is_mended_and_requeued(settings, log, tmp_path):
    publish(log, settings)
    missing, damaged = blobs_in(tmp_path)[:2]
    kept = missing.rename(tmp_path / "kept")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    (told,) = work(settings)
    assert (told.status, told.ledger[0].scored, told.ledger[0].dead_lettered) == ("error", 5, 2)
    messages = " ".join(one["message"] for one in listed(settings))
    assert missing.name in messages
    assert "blob_dir" in messages
    assert "is not what was written there" in messages
    kept.rename(missing)
    damaged.write_bytes(whole)
    assert "2 dead letters" in run("dead-letters", "requeue", *only_broker(settings)).output

    def healed(pipeline: Pipeline) -> bool:
        return any(run.materialised is not None and run.materialised.status == "success" for run in pipeline.runs)

    assert bytes_of(work(settings, end=healed)) == scored_alone(log)


def test_a_place_that_does_not_answer_for_a_while_costs_no_sample(embedded, log, monkeypatch):
    embedded.log_dir.mkdir()
    publish(log, embedded)
    failing, read = iter([ConnectionResetError(), TimeoutError()]), FolderPlace.read

    def sometimes(self: Any, *arguments: Any) -> bytes:
        error = next(failing, None)
        if error is not None:
            raise error
        found: bytes = read(self, *arguments)
        return found

    monkeypatch.setattr("evalstream.streams.scoring.retries.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("evalstream.streams.blobs.folder.FolderPlace.read", sometimes)
    assert bytes_of(work(embedded)) == scored_alone(log)


def test_a_log_is_written_when_the_place_answers_again(embedded, log, monkeypatch):
    embedded.log_dir.mkdir()
    publish(log, embedded)
    reads, read = iter([None] * len(LARGE) + [ConnectionResetError()]), FolderPlace.read

    def once(self: Any, *arguments: Any) -> bytes:
        error = next(reads, None)
        if error is not None:
            raise error
        found: bytes = read(self, *arguments)
        return found

    monkeypatch.setattr("evalstream.streams.agents.materialise.FIRST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("evalstream.streams.blobs.folder.FolderPlace.read", once)
    assert bytes_of(work(embedded)) == scored_alone(log)
    assert next(reads, "all were used") == "all were used"


def test_a_score_that_no_broker_takes_fails_its_sample_and_not_the_worker(kafka, tmp_path):
    kafka.log_dir.mkdir()
    # `match` explains itself by the whole completion.
    log = log_of_sizes(tmp_path / "wordy.eval", [10, 10, 10], said=lambda number: noise(600_000 if number == 1 else 10))
    assert "3 samples, 1 of them" in publish(log, kafka)
    (told,) = work(kafka)
    assert (told.status, told.ledger[0].scored, told.ledger[0].failed) == ("error", 2, 1)
    (letter,) = listed(kafka)
    assert (letter["sample"], letter["stage"]) == ("1", "score")
    assert "more than a message may" in letter["message"]


def test_evalstream_score_and_small_samples_import_no_fsspec(tmp_path):
    log = log_of_sizes(tmp_path / "small.eval", [10, 10])
    code = (
        "import sys\nfrom evalstream.streams.cli import main\n"
        f"try: main(['score', {str(log)!r}])\nexcept SystemExit as end: assert not end.code, end.code\n"
        "assert not {'fsspec', 'evalstream.streams.blobs'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
