"""Both sides of a comparison: a log scored by our command, and by Inspect itself."""

from __future__ import annotations

import importlib.util
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from inspect_ai import score
from inspect_ai.log import EvalLog, read_eval_log, write_eval_log

from evalstream.streams.cli import main

DATA = Path(__file__).parent.parent / "data"
LOGS = DATA / "logs"
SCORERS = DATA / "scorers"

OF_EVENTS = ("events", "events_data", "attachments", "timelines")
OF_THE_MOMENT = ("uuid", "timestamp", "working_start", "completed", "id", "span_id", "parent_id")


def command(*arguments: str | Path) -> Result:
    """Run ``evalstream`` in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def score_ours(log: Path, out: Path, *arguments: str | Path) -> EvalLog:
    result = command("score", log, "--output-file", out, "--display", "none", *arguments)
    assert result.exit_code == 0, result.output
    return read_eval_log(str(out))


def score_theirs(log: Path, out: Path, scorers: Sequence[Any], **options: Any) -> EvalLog:
    scored = score(read_eval_log(str(log)), list(scorers), model="mockllm/model", display="none", **options)
    write_eval_log(scored, str(out))
    return read_eval_log(str(out))


def our_file(name: str, folder: Path) -> Path:
    """Copy a file of scorers written for Inspect, with only its imports changed."""
    text = (SCORERS / name).read_text(encoding="utf-8")
    path = folder / name
    for theirs in ("inspect_ai.scorer", "inspect_ai.solver", "inspect_ai.model", "inspect_ai.util", "inspect_scout"):
        text = text.replace(theirs, "evalstream.scorers")
    path.write_text(text, encoding="utf-8")
    return path


def their_file(name: str) -> Any:
    """Import a file of scorers as it is."""
    return module_of(SCORERS / name)


def module_of(path: Path) -> Any:
    """Import a file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_same_log(ours: EvalLog, theirs: EvalLog) -> None:
    """Compare all but what belongs to the moment of scoring: times and ids of new events."""
    found = list(differences(facts(ours), facts(theirs)))
    assert not found, "\n".join(found[:20])


def facts(log: EvalLog) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(log.model_dump_json(exclude_none=True))
    data.pop("location", None)
    samples = {(sample["id"], sample["epoch"]): sample for sample in data.pop("samples")}
    assert len(samples) == len(log.samples or [])
    return {
        "order": [list(key) for key in samples],
        "header": data,
        "samples": {key: {k: v for k, v in s.items() if k not in OF_EVENTS} for key, s in samples.items()},
        "score events": {
            key: [{k: v for k, v in e.items() if k not in OF_THE_MOMENT} for e in s["events"] if e["event"] == "score"]
            for key, s in samples.items()
        },
    }


def differences(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """Say where two JSON values differ: types, order of keys and every digit count; NaN is NaN."""
    if type(ours) is not type(theirs):
        yield f"{where}: ours is {ours!r:.200}, theirs {theirs!r:.200}"
    elif isinstance(ours, dict):
        if where.endswith((".metrics", ".value", ".scores")) and list(ours) != list(theirs):
            yield f"{where}: the order is {list(ours)}, theirs {list(theirs)}"
        yield from (f"{where}.{key}: only ours: {ours[key]!r:.200}" for key in ours if key not in theirs)
        yield from (f"{where}.{key}: only theirs: {theirs[key]!r:.200}" for key in theirs if key not in ours)
        for key in ours:
            if key in theirs:
                yield from differences(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        if len(ours) != len(theirs):
            yield f"{where}: ours has {len(ours)} entries, theirs {len(theirs)}"
        for index, (one, other) in enumerate(zip(ours, theirs, strict=False)):
            yield from differences(one, other, f"{where}[{index}]")
    elif ours != theirs and not (isinstance(ours, float) and math.isnan(ours) and math.isnan(theirs)):
        yield f"{where}: ours is {ours!r:.200}, theirs {theirs!r:.200}"
