"""Fixtures: logs made to measure, and files of scorers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kafka_fixtures import kafka_broker, topic_prefix, unique  # noqa: F401 (fixtures)

from evalstream.streams.logs.source import open_log
from evalstream.streams.logs.summary import summarise
from evalstream.streams.logs.target import create_log
from evalstream.streams.publish.plan import Wishes, plan_scoring
from evalstream.streams.score_log import score_log
from evalstream.streams.settings import Settings

MakeLog = Callable[..., Path]


@pytest.fixture
def make_log(tmp_path: Path) -> MakeLog:
    """Return a function that writes an unscored log of addition questions; every third answer is wrong."""

    def make(
        samples: int = 20,
        epochs: int = 1,
        name: str = "made.eval",
        scorers: tuple[str, ...] = ("match",),
        **fields: Any,
    ) -> Path:
        path = tmp_path / name
        ids = [f"s{i}" if i % 2 else i for i in range(samples)]
        spec = {
            "eval_id": f"id-{name}", "run_id": "r", "created": "2026-01-01T00:00:00+00:00", "task": Path(name).stem,
            "task_id": f"task-{name}", "model": "none/none", "config": {"epochs": epochs},
            "dataset": {"name": "additions", "samples": samples, "sample_ids": ids},
            "scorers": [{"name": scorer, "options": {}} for scorer in scorers],
        }  # fmt: skip
        header = {"version": 2, "status": "success", "eval": spec, "plan": {}, "stats": {}}
        with create_log(path, header) as target:
            for epoch in range(1, epochs + 1):
                for place, sample_id in enumerate(ids):
                    wrong = (place + epoch) % 3 == 0
                    sample = {
                        "id": sample_id, "epoch": epoch, "input": f"{place} + 1?", "target": str(place + 1),
                        "messages": [], "output": answer(str(place) if wrong else str(place + 1)),
                        "metadata": {"place": place}, "store": {}, "events": [], "model_usage": {}, "attachments": {},
                        **fields,
                    }  # fmt: skip
                    members = {key: json.dumps(value).encode() for key, value in sample.items()}
                    target.add_sample(sample_id, epoch, json.dumps(sample).encode(), summarise(members, None))
            target.commit()
        return path

    return make


def answer(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, "source": "generate"}
    return {"model": "none", "choices": [{"message": message, "stop_reason": "stop"}], "completion": text}


SLOW_SCORER = """
import asyncio
from evalstream.scorers import Score, accuracy, scorer, stderr

@scorer(metrics=[accuracy(), stderr()])
def slow_match():
    async def score(state, target):
        await asyncio.sleep((hash(state.input_text) % 10) / 1000)
        return Score(value="C" if state.output.completion == target.text else "I", answer=state.output.completion)
    return score
"""


@pytest.fixture
def scorer_file(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a file of scorers; by default ``slow_match``, which waits a little."""

    def write(text: str = SLOW_SCORER, name: str = "my_scorers.py") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def scored(tmp_path: Path) -> Callable[[Path], bytes]:
    """Return a function that scores a log by `score_log`, and returns the scored log's bytes."""

    def score(log: Path) -> bytes:
        path = tmp_path / f"{log.stem}-by-score_log{log.suffix}"
        with open_log(log) as source:
            plan = plan_scoring(source.header, Wishes(action="overwrite"))
            asyncio.run(score_log(source, plan, path, Settings()))
        return path.read_bytes()

    return score
