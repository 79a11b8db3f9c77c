"""Small logs made by hand, and how to start the command."""

from __future__ import annotations

from typing import Any

LINES = "from evalstream.streams.cli import main; main()"


def sample(number: int | str, epoch: int = 1, completion: str | None = None, **fields: Any) -> dict[str, Any]:
    said = f"It is {number}" if completion is None else completion
    return {
        "id": number,
        "epoch": epoch,
        "input": f"What is {number}?",
        "target": str(number),
        "messages": [{"id": "m", "role": "user", "content": f"What is {number}?"}],
        "output": {"model": "mockllm/model", "choices": [], "completion": said},
        "metadata": {},
        "scores": {},
        "events": [],
        **fields,
    }


def log_of(samples: list[dict[str, Any]], epochs: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": "e1",
            "run_id": "r1",
            "created": "2026-01-01T00:00:00+00:00",
            "task": "demo",
            "task_id": "t1",
            "dataset": {"samples": len(samples)},
            "model": "mockllm/model",
            "config": {"epochs": epochs},
        },
        "plan": {},
        "stats": {},
        **fields,
        "samples": samples,
    }
