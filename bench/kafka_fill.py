"""Fill a topic with completions of some 3 kB, as an eval would publish them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from make_logs import Sample

from evalstream.streams.events import EvalCompleted, EvalStarted, SampleCompleted, ScorerSpec
from evalstream.streams.publish.events_of_log import of_eval
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.record import NewRecord

__all__ = ["EVAL_ID", "completions", "fill"]

EVAL_ID = "benchmark"
SCORERS = [ScorerSpec(name="match", metrics=[{"name": "evalstream/accuracy"}, {"name": "evalstream/stderr"}])]
BATCH = 2000


def completions(count: int) -> Iterator[NewRecord]:
    """Yield completions; all in one follows from its number."""
    opening = SampleCompleted(eval_id=EVAL_ID, scorers=SCORERS, model="mockllm/model").to_bytes()[:-1]
    for number in range(1, count + 1):
        body = Sample(number).body()
        body["events"] = body["events"][:3]
        text = json.dumps(body, separators=(",", ":")).encode()
        yield NewRecord(f"{EVAL_ID}/{number}".encode(), opening + b',"sample":' + text + b"}")


def fill(settings: Settings, count: int, complete: bool = False) -> int:
    """Publish an eval's start, completions, and maybe its end; return a completion's bytes, on average."""
    client = KafkaClient(settings)
    started = EvalStarted(eval_id=EVAL_ID, scorers=SCORERS, expected=count)
    client.append(EVALS.name, [of_eval(started)])
    total, batch = 0, list[NewRecord]()
    for record in completions(count):
        batch.append(record)
        total += record.size
        if len(batch) == BATCH:
            client.append(COMPLETIONS.name, batch)
            batch = []
    client.append(COMPLETIONS.name, batch)
    if complete:
        client.append(EVALS.name, [of_eval(EvalCompleted(eval_id=EVAL_ID, samples=count))])
    client.close()
    return total // count
