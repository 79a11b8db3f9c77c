"""A worker's names of logs are made of what events say, and still stay in their folder."""

from pathlib import PurePath

from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.events import EvalStarted, LogShape
from evalstream.streams.materialise.names import clean, log_name
from evalstream.streams.tally.run_state import RunState


def run_of(spec: dict, run_id: str = "live", shape: str = "eval") -> RunState:
    run = RunState("e1", run_id, lambda offset: None)
    run.start(EvalStarted(eval_id="e1", run_id=run_id, header={"eval": spec}, log=LogShape(format=shape)))
    return run


def test_a_log_is_named_as_inspect_names_it():
    spec = {"created": "2026-11-20T20:31:01+00:00", "task": "addition", "task_id": "eL2c"}
    assert log_name(run_of(spec)) == "2026-11-20T20-31-01-00-00_addition_eL2c.eval"


def test_another_run_of_the_same_eval_has_another_name():
    spec = {"created": "2026", "task": "t", "task_id": "i"}
    assert log_name(run_of(spec, run_id="strict", shape="json")) == "2026_t_i_strict.json"


@given(st.text(), st.text())
def test_no_event_can_name_a_file_outside_the_folder(task, task_id):
    name = log_name(run_of({"created": "2026", "task": task, "task_id": task_id}))
    assert PurePath(name).name == name and name not in {".", ".."} and "\0" not in name
    assert len(name.encode()) <= 255


@given(st.text())
def test_clean_names_are_never_empty_and_stay_as_they_are(text):
    once = clean(text)
    assert once and clean(once) == once
