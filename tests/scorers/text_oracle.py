"""Both sides of a comparison: a scorer of ours and Inspect's own, on the same completion and target."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import inspect_ai.scorer as inspect_scorer
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer import Target as InspectTarget
from inspect_ai.solver import TaskState as InspectState

import evalstream.scorers as own_scorers
from evalstream.scorers import TaskState, jsontext, run_now

_loop = asyncio.new_event_loop()


def ours(name: str, completion: str, target: str | list[str], **options: Any) -> Any:
    """Score of our scorer, from a stored sample as the event path sees it."""
    members = {"id": b"1", "epoch": b"1", "target": jsontext.dumps(target)}
    members["output"] = jsontext.dumps({"completion": completion, "choices": []})
    state = TaskState.from_sample(members, model="mockllm/model")
    return run_now(getattr(own_scorers, name)(**options)(state, state.target))


def theirs(name: str, completion: str, target: str | list[str], **options: Any) -> Any:
    """Score of Inspect's scorer."""
    output = ModelOutput(model="mockllm/model", completion=completion)
    state = InspectState(ModelName("mockllm/model"), 1, 1, "", [], InspectTarget(target), output=output)
    return _loop.run_until_complete(getattr(inspect_scorer, name)(**options)(state, state.target))


def facts(score: Any) -> tuple[Any, ...]:
    value = score.value
    shown = "NaN" if isinstance(value, float) and math.isnan(value) else value
    return type(value).__name__, shown, score.answer, score.explanation, score.reason, score.metadata


def assert_same(name: str, completion: str, target: str | list[str], **options: Any) -> None:
    mine, reference = ours(name, completion, target, **options), theirs(name, completion, target, **options)
    assert facts(mine) == facts(reference), (name, completion, target, options)
