"""A log is not given up because its broker was away for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from evalstream.streams.agents import materialise
from evalstream.streams.errors import BrokerError
from evalstream.streams.logs.source import open_log
from evalstream.streams.publish.events_of_log import LogEvents
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.reader import TopicReader
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.worker import running_worker, until_idle


def test_a_broker_that_is_away_when_a_log_is_written_is_asked_again(
    make_log: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(materialise, "FIRST_RETRY_SECONDS", 0.01)
    settings = Settings(broker=f"embedded://{tmp_path / 'broker'}", log_dir=tmp_path / "scored")
    settings.log_dir.mkdir()
    client = open_client(settings)
    with open_log(make_log(samples=5)) as source:
        events = LogEvents(source, plan_scoring(source.header, Wishes()))
        key = events.eval_id.encode()
        client.append(EVALS.name, [NewRecord(key, events.started().to_bytes())])
        client.append(COMPLETIONS.name, list(events.completions()))
        client.append(EVALS.name, [NewRecord(key, events.completed().to_bytes())])
    client.close()

    async def work() -> int:
        refusals = 3
        async with running_worker(settings) as pipeline:
            new_reader = pipeline.new_reader

            def away() -> TopicReader:
                nonlocal refusals
                if refusals:
                    refusals -= 1
                    raise BrokerError("no broker answers")
                return new_reader()

            pipeline.new_reader = away
            await until_idle(pipeline, 0.3)
            while not any(run.materialised for run in pipeline.runs):
                await asyncio.wait({pipeline.failed}, timeout=0.01)
        return refusals

    assert asyncio.run(asyncio.wait_for(work(), 60)) == 0
    assert len(list(settings.log_dir.iterdir())) == 1
