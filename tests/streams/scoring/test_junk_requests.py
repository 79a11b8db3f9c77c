"""An event that asks for scorers or metrics that make no sense costs its own run only, and never the worker."""

import pytest

from evalstream.streams.events import EvalStarted, Source
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.scoring.scoring import Scoring
from evalstream.streams.scoring.sheet import failed
from evalstream.streams.tally.run_state import RunState

SOURCE = Source(topic="completions", partition=0, offset=1)
JUNK = [b"5", b'"match"', b"{}", b"[5]", b'[{"name":5}]', b'[{"name":"match","metrics":[5]}]',
        b'[{"name":"match","metrics":[{"name":"grouped","options":{"metric":7}}]}]',
        b'[{"name":"match","options":{"location":[]}}]', b"[" * 100_000]  # fmt: skip


def completion(scorers: bytes) -> Completion:
    members = {"id": b"1", "epoch": b"1", "target": b'"a"', "output": b'"a"'}
    return Completion("e", "live", 1, 1, members, scorers, False, "", None, SOURCE)


@pytest.mark.parametrize("scorers", JUNK, ids=[text[:40].decode() for text in JUNK])
def test_a_completion_that_asks_for_junk_fails_and_is_counted(scorers):
    asked = completion(scorers)
    failure = Scoring(timeout=600).scorers(asked)
    assert isinstance(failure, Failure) and failure.told().message
    events = failed(asked, failure).events
    assert len(events) == 1 and events[0].error == failure.told()


@pytest.mark.parametrize(
    "metrics", [[5], [{"name": 5}], {"a": [7]}, [{"name": "accuracy", "options": {"to_float": 1}}]]
)
def test_a_start_with_junk_metrics_is_a_problem_of_its_run(metrics):
    run = RunState("e", "live", lambda offset: None)
    run.start(EvalStarted(eval_id="e", scorers=[{"name": "match", "metrics": metrics}]))
    assert run.problem or run.running_rows()
    assert run.finish() is not None
