"""The state of evals whose logs are old is deleted, on the changelog too; other evals keep theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from test_pipeline import Events

from evalstream.streams.changelog import changelog_name, read_changelog
from evalstream.streams.pipeline import Pipeline
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.worker import running_worker


@pytest.fixture(params=["embedded", "kafka"])
def settings(request, tmp_path) -> Settings:
    (tmp_path / "logs").mkdir()
    if request.param == "embedded":
        return Settings(broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "logs")
    broker, prefix = request.getfixturevalue("kafka_broker"), request.getfixturevalue("topic_prefix")
    made = Settings(broker=f"kafka://{broker}", topic_prefix=prefix, partitions=2, log_dir=tmp_path / "logs")
    asyncio.run(prepared_topics(made))
    return made


def publish(settings: Settings, events: Events, end: bool = True) -> None:
    client = open_client(settings)
    client.append(EVALS.name, [events.start, *([events.end] if end else [])])
    client.append(COMPLETIONS.name, events.samples)
    client.close()


def work(settings: Settings, until: Callable[[Pipeline], bool]) -> None:
    async def scenario() -> None:
        async with running_worker(settings) as pipeline:
            while not until(pipeline):
                await asyncio.wait({pipeline.failed}, timeout=0.01)
                if pipeline.failed.done():
                    pipeline.failed.result()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def known(pipeline: Pipeline) -> dict[str, int]:
    return {run.eval_id: run.received for run in pipeline.runs}


def changelog(settings: Settings) -> set[bytes]:
    client = open_client(settings)
    try:
        partitions = client.partitions(changelog_name(settings))
        tables = [read_changelog(client, changelog_name(settings), partition) for partition in range(partitions)]
        return {key for table in tables for key in table}
    finally:
        client.close()


def test_state_of_an_old_log_is_deleted_and_that_of_an_eval_that_goes_on_is_kept(settings, make_log):
    ended, going_on = Events(make_log(20, name="ended.eval")), Events(make_log(10, name="going_on.eval"))
    publish(settings, ended)
    publish(settings, going_on, end=False)
    work(settings, lambda pipeline: any(run.materialised for run in pipeline.runs) and len(known(pipeline)) == 2
         and sum(known(pipeline).values()) == 30)  # fmt: skip
    before = changelog(settings)
    assert any(b"id-ended.eval" in key for key in before)

    short = settings.model_copy(update={"state_retention": 0.2})
    work(short, lambda pipeline: known(pipeline) == {"id-going_on.eval": 10})
    assert changelog(settings) == {key for key in before if b"id-ended.eval" not in key}

    work(settings, lambda pipeline: known(pipeline) == {"id-going_on.eval": 10})
    (path,) = settings.log_dir.iterdir()
    assert path.stat().st_size


def test_an_eval_that_is_published_again_after_it_was_forgotten_is_scored_anew(settings, make_log, scored):
    log = make_log(15)
    publish(settings, Events(log))
    short = settings.model_copy(update={"state_retention": 0.2})
    work(short, lambda pipeline: list(settings.log_dir.glob("*.eval")) != [] and known(pipeline) == {})
    for path in settings.log_dir.iterdir():
        path.unlink()
    publish(settings, Events(log))
    work(settings, lambda pipeline: any(run.materialised for run in pipeline.runs))
    (path,) = settings.log_dir.iterdir()
    assert path.read_bytes() == scored(log)
