"""Make unscored logs of any size for the benchmark: the same bytes every time, sample by sample, in little memory.

A sample is what Inspect 0.3.285 writes for one question and one answer of a model (some 5 kB of JSON: messages, output,
events, metadata), and the log's header declares the scorer ``match``.
"""

from __future__ import annotations

import argparse
import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

import zipfile_zstd  # noqa: F401  (teaches zipfile Zstandard, which is what Inspect compresses with)

ZSTANDARD = 93
MODEL = "mockllm/model"
STARTED = datetime(2026, 1, 5, 9, 0, 0, tzinfo=timezone.utc)
SAMPLE_TIME = timedelta(milliseconds=400)
JOURNAL_BUFFER = 50
CORRECT = 0.7
ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
THINGS = ("apples", "books", "coins", "marbles", "pencils", "shells", "stamps", "tickets")
THOUGHTS = ("Let me add the two numbers.", "First the tens, then the ones.", "I add them up.", "Both are counted once.")


class Sample:
    """One sample: all in it follows from its number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._random = random.Random(number)
        left, right = self._random.randrange(2, 5000), self._random.randrange(2, 5000)
        thing = self._random.choice(THINGS)
        answer = left + right if self._random.random() < CORRECT else left + right + self._random.randrange(1, 100)
        self.question = f"There are {left} {thing} in one box and {right} in another. How many {thing} are there?"
        self.completion = f"{self._random.choice(THOUGHTS)} The answer is {answer}"
        self.target = str(left + right)
        self.metadata = {"category": thing, "difficulty": len(str(left + right))}
        self.uuid = self.make_id()
        self.started = STARTED + SAMPLE_TIME * number
        self.working_time = round(self._random.uniform(0.2, 0.6), 3)

    def make_id(self) -> str:
        """Return a new id in Inspect's alphabet."""
        return "".join(self._random.choices(ID_LETTERS, k=22))

    @property
    def usage(self) -> dict[str, int]:
        """Tokens in and out."""
        asked, answered = len(self.question.split()), len(self.completion.split())
        return {"input_tokens": asked, "output_tokens": answered, "total_tokens": asked + answered}

    @property
    def times(self) -> dict[str, Any]:
        """When the sample ran, and for how long."""
        return {
            "started_at": self.started.isoformat(),
            "completed_at": (self.started + SAMPLE_TIME).isoformat(),
            "total_time": SAMPLE_TIME.total_seconds(),
            "working_time": self.working_time,
        }

    def summary(self) -> dict[str, Any]:
        """Return the sample's line in ``summaries.json``."""
        return {
            "id": self.number, "epoch": 1, "input": self.question, "target": self.target, "metadata": self.metadata,
            "scores": {}, "model_usage": {MODEL: self.usage}, "role_usage": {}, **self.times, "uuid": self.uuid,
            "retries": 0, "completed": True, "message_count": 2, "turn_count": 1,
        }  # fmt: skip

    def body(self) -> dict[str, Any]:
        """Return the whole sample."""
        asked = {"id": self.make_id(), "content": self.question, "source": "input", "role": "user"}
        said = {
            "id": self.make_id(), "content": self.completion, "source": "generate", "role": "assistant", "model": MODEL
        }  # fmt: skip
        choice = {"message": said, "stop_reason": "stop"}
        output = {
            "model": MODEL, "choices": [choice], "completion": self.completion, "usage": self.usage,
            "input_context_tokens": self.usage["input_tokens"], "time": self.working_time,
        }  # fmt: skip
        call = {**asked, "metadata": None, "tool_call_id": None}
        return {
            "id": self.number, "epoch": 1, "input": self.question, "target": self.target, "messages": [asked, said],
            "output": output, "scores": {}, "metadata": self.metadata, "store": {},
            "events": list(self._events(asked, output, choice)),
            "model_usage": {MODEL: self.usage}, "role_usage": {}, **self.times, "uuid": self.uuid, "error_retries": [],
            "attachments": {}, "events_data": {"messages": [asked], "calls": [call]}, "turn_count": 1,
        }  # fmt: skip

    def _events(
        self, asked: Mapping[str, Any], output: Mapping[str, Any], choice: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        init, solvers, generate, scorers = (self.make_id() for _ in range(4))
        clock = 0.0

        def event(kind: str, span: str, **rest: Any) -> dict[str, Any]:
            nonlocal clock
            clock += self._random.uniform(0.0001, 0.02)
            timestamp = (self.started + timedelta(seconds=clock)).isoformat()
            when = {"timestamp": timestamp, "working_start": 1800 + clock}
            return {"uuid": self.make_id(), "span_id": span, **when, "event": kind, **rest}

        sample = {"input": self.question, "target": self.target, "id": self.number, "metadata": self.metadata}
        state = {
            "messages": [asked], "tools": [], "tool_choice": None, "store": {},
            "output": {"model": MODEL, "choices": [], "completion": ""}, "completed": False, "metadata": self.metadata,
        }  # fmt: skip
        changes = [
            {"op": "add", "path": "/messages/1", "value": choice["message"]},
            {"op": "add", "path": "/output/usage", "value": output["usage"]},
            {"op": "add", "path": "/output/input_context_tokens", "value": output["input_context_tokens"]},
            {"op": "add", "path": "/output/time", "value": output["time"]},
            {"op": "add", "path": "/output/choices/0", "value": choice},
            {"op": "replace", "path": "/output/completion", "value": self.completion, "replaced": ""},
        ]
        model = {
            "model": MODEL, "input": [], "input_refs": [[0, 1]], "tools": [], "tool_choice": "none",
            "config": {"max_connections": 50}, "output": output,
            "call": {
                "request": {"model": "model"}, "response": {"content": self.completion},
                "call_refs": [[0, 1]], "call_key": "messages",
            },
            "completed": self.times["completed_at"], "working_time": self.working_time,
        }  # fmt: skip

        yield event("span_begin", init, id=init, type="init", name="init")
        yield event("sample_init", init, sample=sample, state=state)
        yield event("span_end", init, id=init)
        yield event("span_begin", solvers, id=solvers, type="solvers", name="solvers")
        yield event("span_begin", generate, id=generate, parent_id=solvers, type="solver", name="generate")
        yield event("model", generate, **model)
        yield event("state", generate, changes=changes)
        yield event("span_end", generate, id=generate)
        yield event("span_end", solvers, id=solvers)
        yield event("span_begin", scorers, id=scorers, type="scorers", name="scorers")
        yield event("span_end", scorers, id=scorers)


def make_log(path: Path, samples: int) -> None:
    """Write an unscored log of so many samples; a log that is cut short never has its name."""
    spec, plan = _spec(samples), _plan()
    unfinished = path.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", ZSTANDARD, strict_timestamps=False) as log:
        _write(log, "_journal/start.json", {"version": 2, "eval": spec, "plan": plan})
        for first in range(1, samples + 1, JOURNAL_BUFFER):
            numbers = range(first, min(first + JOURNAL_BUFFER, samples + 1))
            for number in numbers:
                _write(log, f"samples/{number}_epoch_1.json", Sample(number).body())
            journal = [Sample(number).summary() for number in numbers]
            _write(log, f"_journal/summaries/{first // JOURNAL_BUFFER + 1}.json", journal)
        usage = dict.fromkeys(("input_tokens", "output_tokens", "total_tokens"), 0)
        with _member(log, "summaries.json") as summaries:
            for number in range(1, samples + 1):
                sample = Sample(number)
                summaries.write((b"[" if number == 1 else b",") + _json(sample.summary()))
                for key, tokens in sample.usage.items():
                    usage[key] += tokens
            summaries.write(b"]")
        _write(log, "header.json", _header(spec, plan, samples, usage))
    unfinished.replace(path)


def _spec(samples: int) -> dict[str, Any]:
    ids = random.Random(f"log of {samples}")
    eval_id, run_id, task_id = ("".join(ids.choices(ID_LETTERS, k=22)) for _ in range(3))
    metrics = [{"name": f"inspect_ai/{metric}", "options": {}} for metric in ("accuracy", "stderr")]
    return {
        "eval_id": eval_id, "run_id": run_id, "created": STARTED.isoformat(), "task": "addition", "task_id": task_id,
        "task_version": 0, "task_display_name": "addition", "task_attribs": {}, "task_args": {}, "task_args_passed": {},
        "dataset": {"samples": samples, "sample_ids": list(range(1, samples + 1)), "shuffled": False},
        "model": MODEL, "model_generate_config": {}, "model_args": {},
        "config": {
            "epochs": 1, "fail_on_error": True, "continue_on_fail": False, "score_on_error": False,
            "sandbox_cleanup": True, "sandbox_prebuilt": False, "log_samples": True, "log_realtime": False,
            "log_images": True, "log_buffer": JOURNAL_BUFFER, "score_display": True,
        },
        "packages": {"inspect_ai": "0.3.285"},
        "scorers": [{"name": "match", "options": {}, "metrics": metrics, "metadata": {}}],
    }  # fmt: skip


def _plan() -> dict[str, Any]:
    generate = {"solver": "generate", "params": {"tool_calls": "loop"}, "params_passed": {}}
    return {"name": "plan", "steps": [generate], "config": {"max_connections": 50}}


def _header(spec: Mapping[str, Any], plan: Mapping[str, Any], samples: int, usage: Mapping[str, int]) -> dict[str, Any]:
    return {
        "version": 2, "status": "success", "eval": spec, "plan": plan,
        "results": {"total_samples": samples, "completed_samples": samples, "scores": []},
        "stats": {
            "started_at": STARTED.isoformat(), "completed_at": (STARTED + SAMPLE_TIME * (samples + 1)).isoformat(),
            "model_usage": {MODEL: usage}, "role_usage": {}, "connection_limit_history": [],
        },
        "invalidated": False, "tags": [], "metadata": {},
    }  # fmt: skip


def _write(log: zipfile.ZipFile, name: str, value: Any) -> None:
    with _member(log, name) as member:
        member.write(_json(value))


@contextmanager
def _member(log: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open a member of a fixed age, so that the same log is the same bytes."""
    info = zipfile.ZipInfo(name, date_time=(2026, 1, 5, 9, 0, 0))
    info.compress_type = ZSTANDARD
    with log.open(info, "w") as member:
        yield member


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def main() -> None:
    """Make the log that the command line asks for."""
    parser = argparse.ArgumentParser(description="Make an unscored .eval log.")
    parser.add_argument("log", type=Path, help="file to write")
    parser.add_argument("samples", type=int, help="how many samples it has")
    arguments = parser.parse_args()
    make_log(arguments.log, arguments.samples)


if __name__ == "__main__":
    main()
