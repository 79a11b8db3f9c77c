"""``evalstream blobs prune`` deletes what no event can ask for any more, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from blob_helpers import blobs_in, log_of_sizes, options, publish, run

from evalstream.streams.blobs.folder import FolderPlace
from evalstream.streams.blobs.prune import remove
from evalstream.streams.blobs.where import open_blobs
from evalstream.streams.dead_letters.letter import dead_letter
from evalstream.streams.events import SampleCompleted, Source
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord, Record

AGE = 3 * 24 * 60 * 60


@pytest.fixture
def embedded(tmp_path) -> Settings:
    return Settings(
        broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "logs", max_message_bytes=10_000,
        blob_dir=str(tmp_path / "blobs"),
    )  # fmt: skip


@pytest.fixture
def kafka(kafka_broker, topic_prefix, embedded) -> Settings:
    made = embedded.model_copy(
        update={"broker": f"kafka://{kafka_broker}", "topic_prefix": topic_prefix, "partitions": 2}
    )
    asyncio.run(prepared_topics(made))
    return made


@pytest.fixture(params=["embedded", "kafka"])
def settings(request) -> Settings:
    given: Settings = request.getfixturevalue(request.param)
    return given


@pytest.fixture
def made(tmp_path) -> Callable[[Settings, str], Path]:
    """Return a function that publishes an eval of one large sample, and returns its blob, which is old."""

    def make(settings: Settings, eval_id: str) -> Path:
        before = set(blobs_in(tmp_path / "blobs"))
        publish(log_of_sizes(tmp_path / "log.eval", [20_000], eval_id), settings)
        (blob,) = set(blobs_in(tmp_path / "blobs")) - before
        return aged(blob)

    return make


def aged(blob: Path) -> Path:
    seconds = blob.stat().st_mtime - AGE
    os.utime(blob, (seconds, seconds))
    return blob


def orphan(settings: Settings, eval_id: str, body: bytes = b"{}") -> Path:
    """A blob of an eval that the broker does not know."""
    assert settings.blob_dir is not None
    return aged(Path(settings.blob_dir) / open_blobs(settings).put(eval_id, body).key)


def prune(settings: Settings, *more: str) -> str:
    result = run("blobs", "prune", *options(settings), *more)
    assert result.exit_code == 0, result.output
    return result.output


def test_blobs_of_forgotten_evals_go_and_those_of_evals_on_the_topic_stay(settings, made):
    kept, gone = made(settings, "on the topic"), [orphan(settings, "gone"), orphan(settings, "gone", b"[]")]
    young = open_blobs(settings).put("being published", b"{}")
    assert "2 blobs of 1 eval would be deleted" in prune(settings, "--dry-run")
    assert all(blob.exists() for blob in gone)
    assert "2 blobs of 1 eval deleted (0.0 MB); 2 left" in prune(settings)
    assert sorted(blobs_in(Path(settings.blob_dir))) == sorted([kept, Path(settings.blob_dir) / young.key])
    assert not gone[0].parent.exists()
    assert "1 blob of 1 eval deleted" in prune(settings, "--older-than", "0")
    assert blobs_in(Path(settings.blob_dir)) == [kept]


def test_the_blob_of_a_dead_letter_stays_since_it_can_be_requeued(settings, made):
    made(settings, "on the topic")
    blob = orphan(settings, "only a letter is left")
    event = SampleCompleted(eval_id="only a letter is left").to_bytes()
    record = Record(0, b"only a letter is left/1", event, (), 0)
    client = open_client(settings)
    source = Source(topic=COMPLETIONS.name, partition=0, offset=0)
    client.append(DEAD_LETTERS.name, [dead_letter(record, source, Failure("decode", ValueError("no")))])
    client.append(COMPLETIONS.name, [NewRecord(b"k", b"garbage"), NewRecord(b"k", None)])
    client.close()
    prune(settings)
    assert blob.exists()


def test_a_blob_that_is_written_again_while_others_are_deleted_stays(embedded):
    blob = orphan(embedded, "e")
    place = FolderPlace(Path(embedded.blob_dir))
    seen = list(place.blobs())
    open_blobs(embedded).put("e", b"{}")
    assert list(remove(place, seen)) == []
    assert blob.exists()
    aged(blob)
    seen = list(place.blobs())
    blob.unlink()
    assert list(remove(place, seen)) == []


def test_a_broker_that_never_had_a_completion_is_hardly_the_right_one(settings):
    blob = orphan(settings, "gone")
    result = run("blobs", "prune", *options(settings))
    assert result.exit_code == 2
    assert "check --broker" in result.stderr
    assert blob.exists()


def test_a_url_is_pruned_like_a_folder(embedded, made, topic_prefix):
    made(embedded, "on the topic")
    settings = embedded.model_copy(update={"blob_dir": f"memory://{topic_prefix}/blobs"})
    assert "No blobs in memory://" in prune(settings)
    open_blobs(settings).put("gone", b"{}")
    kept = open_blobs(settings).put("on the topic", b"{}")
    assert "0 blobs of 0 evals deleted" in prune(settings)
    assert "1 blob of 1 eval deleted (0.0 MB); 1 left" in prune(settings, "--older-than", "0")
    assert open_blobs(settings).fetch(kept.key) == b"{}"


def test_a_broker_that_ends_with_the_command_has_no_blobs():
    result = run("blobs", "prune", "--broker", "memory://x")
    assert result.exit_code == 2
    assert "memory://" in result.stderr
