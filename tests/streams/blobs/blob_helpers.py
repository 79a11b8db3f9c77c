"""Logs with large samples, published by the command and scored by a worker in this process."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from evalstream.streams.cli import main
from evalstream.streams.events import LogMaterialised
from evalstream.streams.logs.source import open_log
from evalstream.streams.logs.summary import summarise
from evalstream.streams.logs.target import create_log
from evalstream.streams.pipeline import Pipeline
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings
from evalstream.streams.worker import running_worker, until_idle


def noise(size: int, seed: int = 0) -> str:
    """Text that hardly packs: half of its bytes, as hexadecimal digits do."""
    return random.Random(seed).randbytes(size // 2).hex()


def log_of_sizes(
    path: Path,
    sizes: Iterable[int],
    eval_id: str = "e-large",
    fill: Callable[[int, int], str] = noise,
    said: Callable[[int], str] = lambda number: str(number if number % 3 else -1),
) -> Path:
    """Write a log, a sample for each size; by default every third answer is wrong."""
    sizes = list(sizes)
    spec = {
        "eval_id": eval_id, "run_id": "r", "created": "2026-01-01T00:00:00+00:00", "task": "large", "task_id": "t",
        "model": "none/none", "config": {"epochs": 1}, "scorers": [{"name": "match", "options": {}}],
        "dataset": {"name": "large", "samples": len(sizes), "sample_ids": list(range(len(sizes)))},
    }  # fmt: skip
    with create_log(path, {"version": 2, "status": "success", "eval": spec, "plan": {}, "stats": {}}) as target:
        for number, size in enumerate(sizes):
            sample = {
                "id": number, "epoch": 1, "input": "?", "target": str(number), "messages": [], "events": [],
                "output": {"model": "none", "choices": [], "completion": said(number)}, "metadata": {},
                "store": {"large": fill(size, number)},
            }  # fmt: skip
            members = {key: json.dumps(value).encode() for key, value in sample.items()}
            target.add_sample(number, 1, json.dumps(sample).encode(), summarise(members, None))
        target.commit()
    return path


def scored_alone(log: Path) -> bytes:
    """The bytes that `evalstream score` writes."""
    path = log.with_name("alone.eval")
    with open_log(log) as source:
        plan = plan_scoring(source.header, Wishes(action="overwrite"))
        asyncio.run(score_log(source, plan, path, Settings()))
    return path.read_bytes()


def run(*arguments: object) -> Result:
    """Run the command in this process."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def options(settings: Settings) -> list[str]:
    """Settings as the command's options."""
    given = ["--broker", settings.broker, "--topic-prefix", settings.topic_prefix, "--log-dir", str(settings.log_dir)]
    given += ["--max-message-bytes", str(settings.max_message_bytes)]
    return [*given, "--blob-dir", settings.blob_dir] if settings.blob_dir else given


def publish(log: Path, settings: Settings) -> str:
    result = run("publish", log, *options(settings))
    assert result.exit_code == 0, result.output
    return result.output


def work(settings: Settings, logs: int = 1, end: Callable[[Pipeline], bool] | None = None) -> list[LogMaterialised]:
    """Run a worker until so many logs are written, or something else holds; return what it says of them."""

    def written(pipeline: Pipeline) -> list[LogMaterialised]:
        return [run.materialised for run in pipeline.runs if run.materialised is not None]

    async def scenario() -> list[LogMaterialised]:
        async with running_worker(settings) as pipeline:
            while not (end(pipeline) if end else len(written(pipeline)) >= logs):
                await asyncio.wait({pipeline.failed}, timeout=0.01)
                if pipeline.failed.done():
                    pipeline.failed.result()
            await until_idle(pipeline, 0.1)
            return written(pipeline)

    return asyncio.run(asyncio.wait_for(scenario(), 90))


def bytes_of(told: Sequence[LogMaterialised]) -> bytes:
    (one,) = told
    return Path(one.location).read_bytes()


def blobs_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.zst"))
