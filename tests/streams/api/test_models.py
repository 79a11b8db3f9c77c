"""Logs as models: what is read is written back, and opens in Inspect as the same log."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log as read_theirs
from parity import LOGS, differences, facts

import evalstream
from evalstream import read_eval_log, write_eval_log
from evalstream.streams.api.log import EvalLog
from evalstream.streams.errors import DamagedLogError, LogNotFoundError, UsageError

NAMES = sorted(path.name for path in LOGS.iterdir())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["eval", "json"])
def test_a_log_that_is_read_and_written_is_the_same_in_inspect(name, ending, tmp_path):
    out = tmp_path / f"out.{ending}"
    write_eval_log(read_eval_log(LOGS / name), out)
    assert list(differences(facts(read_theirs(str(out))), facts(read_theirs(str(LOGS / name))))) == []


@pytest.mark.parametrize("name", NAMES)
def test_samples_are_in_inspects_order(name):
    ours, theirs = read_eval_log(LOGS / name), read_theirs(str(LOGS / name))
    assert [(s.id, s.epoch) for s in ours.samples] == [(s.id, s.epoch) for s in theirs.samples]


def test_fields_that_nobody_knows_are_kept(tmp_path):
    log = json.loads((LOGS / "b_unscored.json").read_text())
    log["of_tomorrow"] = {"a": [1, None]}
    log["eval"]["of_tomorrow"] = log["eval"]["dataset"]["of_tomorrow"] = 1
    log["samples"][0]["of_tomorrow"] = ["x"]
    log["samples"][0]["messages"][0]["of_tomorrow"] = "x"
    log["samples"][0]["metadata"]["nothing"] = None
    (tmp_path / "in.json").write_text(json.dumps(log))
    write_eval_log(read_eval_log(tmp_path / "in.json"), tmp_path / "out.json")
    again = json.loads((tmp_path / "out.json").read_text())
    assert again["of_tomorrow"] == {"a": [1, None]}
    assert again["eval"]["of_tomorrow"] == again["eval"]["dataset"]["of_tomorrow"] == 1
    assert again["samples"][0]["of_tomorrow"] == ["x"]
    assert again["samples"][0]["messages"][0]["of_tomorrow"] == "x"
    assert again["samples"][0]["metadata"]["nothing"] is None


def test_the_header_alone_has_no_samples():
    log = read_eval_log(LOGS / "a_scored.eval", header_only=True)
    assert log.samples is None
    assert log.reductions is None
    assert log.results.scores[0].name == "match"


def test_excluded_fields_are_left_out_but_those_that_a_sample_must_have():
    log = read_eval_log(LOGS / "a_scored.eval", exclude_fields={"events", "messages", "input"})
    assert all(s.events == [] and s.messages == [] and s.input for s in log.samples)


@pytest.fixture
def with_attachments(tmp_path):
    """A log whose first sample keeps texts apart: of an event, of a message, of the store, of a model's raw call."""
    log = json.loads((LOGS / "b_unscored.json").read_text())
    sample = log["samples"][0]
    sample["attachments"] = {"one": "a long text", "two": "another"}
    sample["store"] = {"text": "attachment://one", "unknown": "attachment://three"}
    sample["messages"][0]["content"] = "attachment://two"
    event = next(e for e in sample["events"] if e["event"] == "model")
    event["call"] = {"request": {"prompt": "attachment://one"}, "response": {}}
    event["input"], event["input_refs"] = [{"role": "user", "content": "attachment://two"}], None
    path = tmp_path / "apart.json"
    path.write_text(json.dumps(log))
    return path


@pytest.mark.parametrize("how", [False, True, "full", "core"])
def test_attachments_are_put_back_in_their_places_as_in_inspect(with_attachments, how):
    ours = read_eval_log(with_attachments, resolve_attachments=how).samples[0]
    theirs = read_theirs(str(with_attachments), resolve_attachments=how).samples[0]
    assert ours.messages[0].content == theirs.messages[0].content
    # Inspect leaves the store's references as they are, even where it drops what they refer to.
    assert ours.store["text"] == ("a long text" if how else "attachment://one")
    assert ours.store["unknown"] == "attachment://three"
    made = next(e for e in ours.events if e["event"] == "model")
    wanted = next(e for e in theirs.events if e.event == "model")
    assert made["input"][0]["content"] == wanted.input[0].content
    assert made["call"]["request"] == wanted.call.request
    assert (how == "core") == bool(how and ours.attachments)


def test_a_file_that_is_open_is_read(tmp_path):
    log = read_eval_log(io.BytesIO((LOGS / "a_scored.eval").read_bytes()))
    assert log.location == ""
    assert len(log.samples) == 60


def test_nan_and_lone_surrogates_survive(tmp_path):
    log = read_eval_log(LOGS / "a_scored.json")
    log.samples[0].scores["match"].value = math.nan
    log.samples[0].metadata["half"] = "\ud800"
    for name in ("out.json", "out.eval"):
        write_eval_log(log, tmp_path / name)
        again = next(s for s in read_eval_log(tmp_path / name).samples if s.id == log.samples[0].id and s.epoch == 1)
        assert math.isnan(again.scores["match"].value)
        assert again.metadata["half"] == "\ud800"


def test_a_log_goes_back_to_where_it_came_from(tmp_path):
    path = tmp_path / "a.eval"
    path.write_bytes((LOGS / "a_scored.eval").read_bytes())
    log = read_eval_log(path)
    log.tags = ["seen"]
    write_eval_log(log)
    assert read_eval_log(path).tags == ["seen"]


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({"location": ""}, {}, "say where it goes"),
        ({"samples": None}, {"location": "x.eval"}, "only the log's header was read"),
        ({}, {"location": "x.eval", "format": "json"}, "x.json"),
    ],
)
def test_what_cannot_be_written_is_said(change, arguments, message):
    log = read_eval_log(LOGS / "a_scored.eval").model_copy(update=change)
    with pytest.raises(UsageError, match=message):
        write_eval_log(log, **arguments)


def test_damage_is_said_with_its_place(tmp_path):
    log = json.loads((LOGS / "b_unscored.json").read_text())
    log["samples"][3]["target"] = 5
    (tmp_path / "bad.json").write_text(json.dumps(log))
    with pytest.raises(DamagedLogError, match=r"samples\[3\].*target"):
        read_eval_log(tmp_path / "bad.json")
    with pytest.raises(LogNotFoundError):
        read_eval_log(tmp_path / "none.json")
    with pytest.raises(UsageError, match="s3://"):
        read_eval_log("s3://bucket/a.eval")


def test_a_log_shows_itself_without_its_samples():
    shown = repr(read_eval_log(LOGS / "a_scored.eval"))
    assert "samples=60" in shown
    assert "'match/mean': {'accuracy': 0.21666666666666665" in shown
    assert len(shown) < 1000


def test_every_name_of_the_api_is_there_and_nothing_else():
    assert all(callable(getattr(evalstream, name)) for name in evalstream.__all__ if name != "__version__")
    assert set(evalstream.__all__) <= set(dir(evalstream))
    with pytest.raises(AttributeError, match="nothing"):
        _ = evalstream.nothing


def test_a_log_made_by_hand_needs_little():
    log = EvalLog.model_validate(
        {"eval": {"created": "2026-01-01T00:00:00Z", "task": "t", "dataset": {}, "model": "m", "config": {}}}
    )
    assert log.version == 2


def test_importing_the_package_imports_nothing_else():
    import subprocess
    import sys

    code = "import sys, evalstream; print([n for n in sys.modules if n.startswith('evalstream.') or n == 'pydantic'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
