"""A worker in this process, over a broker in memory, and what it made of the records that it was given."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from evalstream.streams.pipeline import Pipeline
from evalstream.streams.settings import Settings
from evalstream.streams.topics import DEAD_LETTERS
from evalstream.streams.transport.record import NewRecord, Record
from evalstream.streams.transport.stores import open_store
from evalstream.streams.worker import running_worker

ALL = 1 << 30

_brokers = itertools.count()


class Work(NamedTuple):
    """What a worker left behind."""

    logs: dict[str, bytes]
    letters: list[Record]


def work(topics: Mapping[str, Sequence[NewRecord]], log_dir: Path, eval_id: str) -> Work:
    """Run a worker until the log of this eval is there, and nothing comes any more; raises what the worker failed with.

    Of the others some never have a log: their samples do not come.
    """
    url = f"memory://fuzz-{next(_brokers)}"

    async def scenario() -> list[Record]:
        loop = asyncio.get_running_loop()
        async with running_worker(Settings(broker=url, log_dir=log_dir)) as pipeline:
            store = open_store(url)
            for topic, records in topics.items():
                store.append(topic, list(records))
            while not _written(pipeline, eval_id) or pipeline.under_way or loop.time() - pipeline.last_activity < 0.05:
                await asyncio.wait({pipeline.failed}, timeout=0.02)
                if pipeline.failed.done():
                    pipeline.failed.result()
            return store.read(DEAD_LETTERS.name, 0, ALL, ALL)

    letters = asyncio.run(asyncio.wait_for(scenario(), 60))
    return Work({path.name: path.read_bytes() for path in log_dir.iterdir()}, letters)


def _written(pipeline: Pipeline, eval_id: str) -> bool:
    return any(run.eval_id == eval_id and run.materialised is not None for run in pipeline.runs)
