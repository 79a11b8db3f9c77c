"""Who plays a role when a log is scored: as in Inspect its header tells, and the command line first."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import inspect_ai
import pytest
from click.testing import CliRunner, Result
from inspect_ai.log import read_eval_log
from inspect_ai.model import get_model as their_model
from inspect_ai.model import model_roles as their_roles
from inspect_ai.scorer import Score as TheirScore
from inspect_ai.scorer import accuracy as their_accuracy
from inspect_ai.scorer import scorer as their_scorer

from evalstream.streams.cli import main

ROLES: dict[str, Any] = {
    "grader": {"model": "mockllm/logged", "config": {"temperature": 0.5, "max_tokens": 7}, "args": {}},
    "critic": [{"model": "mockllm/one", "config": {}, "args": {}}, {"model": "mockllm/two", "config": {}, "args": {}}],
}

OURS = """
from evalstream.scorers import Score, accuracy, get_model, model_roles, scorer

@scorer(metrics=[accuracy()])
def who():
    async def score(state, target):
        graders = [get_model(role=role) for role in ("grader", "critic", "nobody")]
        told = [f"{one} {one.role} {one.config.temperature} {one.config.max_tokens}" for one in graders]
        return Score(value="C", explanation=f"{told} {sorted(model_roles())} {len(model_roles()['critic'])}")
    return score
"""


@their_scorer(metrics=[their_accuracy()])
def who():
    async def score(state, target):
        graders = [their_model(role=role) for role in ("grader", "critic", "nobody")]
        told = [f"{one} {one.role} {one.config.temperature} {one.config.max_tokens}" for one in graders]
        return TheirScore(value="C", explanation=f"{told} {sorted(their_roles())} {len(their_roles()['critic'])}")

    return score


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "who.py").write_text(OURS)
    return written(ROLES)


def written(roles: dict[str, Any]) -> Path:
    spec = {
        "eval_id": "e1", "run_id": "r1", "created": "2026-01-01T00:00:00+00:00", "task": "t", "task_id": "t1",
        "dataset": {}, "model": "mockllm/model", "config": {"epochs": 1}, "model_roles": roles,
    }  # fmt: skip
    sample = {
        "id": 1, "epoch": 1, "input": "q", "target": "a", "scores": {}, "metadata": {}, "events": [], "messages": [],
        "output": {"model": "mockllm/model", "choices": [], "completion": "a"},
    }  # fmt: skip
    path = Path("log.json")
    path.write_text(
        json.dumps({"version": 2, "status": "success", "eval": spec, "plan": {}, "stats": {}, "samples": [sample]})
    )
    return path


def score(*arguments: object) -> Result:
    line = ["score", "log.json", "--output-file", "out.json", "--overwrite", *map(str, arguments)]
    result = CliRunner().invoke(main, line)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def said() -> str:
    (sample,) = read_eval_log("out.json").samples
    return sample.scores["who"].explanation


def test_the_roles_of_a_log_are_played_as_in_inspect(log):
    theirs = inspect_ai.score(read_eval_log(str(log)), who(), display="none")
    assert score("--scorer", "who.py").exit_code == 0
    assert said() == theirs.samples[0].scores["who"].explanation
    assert "mockllm/logged grader 0.5 7" in said()


def test_the_command_line_comes_before_the_log_role_by_role_as_in_inspect(log):
    roles = {"grader": "mockllm/given"}
    theirs = inspect_ai.score(read_eval_log(str(log)), who(), model_roles=roles, display="none")
    assert score("--scorer", "who.py", "--model-role", "grader=mockllm/given").exit_code == 0
    assert said() == theirs.samples[0].scores["who"].explanation
    assert "mockllm/given grader None None" in said()


@pytest.fixture
def judge(judge_server, monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return judge_server


def test_a_panel_of_the_log_grades_and_nobody_else_need_be_known(log, judge, monkeypatch):
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge.url}/v1")
    models = [{"model": f"vllm/{name}", "config": {"temperature": 0.5}} for name in "abc"]
    written({"grader": models, "critic": {"model": "hf/unknown"}})
    assert score("--scorer", "model_graded_qa").exit_code == 0
    assert sorted((asked.body["model"], asked.body["temperature"]) for asked in judge.asked) == [
        ("a", 0.5), ("b", 0.5), ("c", 0.5),
    ]  # fmt: skip
    stats = read_eval_log("out.json", header_only=True).stats
    assert (stats.role_usage["grader"].total_tokens, sorted(stats.model_usage)) == (36, ["vllm/a", "vllm/b", "vllm/c"])


def test_a_base_url_of_a_log_is_not_connected_to(log, judge):
    written({"grader": {"model": "vllm/judge", "base_url": f"{judge.url}/v1", "config": {}, "args": {}}})
    result = score("--scorer", "model_graded_qa")
    assert result.exit_code == 1 and not judge.asked
    assert "one that stands in a log is not connected to" in re.sub(r"\s+", " ", result.output)


def test_the_base_url_that_this_process_has_anyway_is_no_news(log, judge, monkeypatch):
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge.url}/v1")
    secret = {"extra_headers": {"x-of-the-log": "1"}}
    roles = {"grader": {"model": "vllm/judge", "base_url": f"{judge.url}/v1/", "config": secret, "args": secret}}
    written(roles)
    assert score("--scorer", "model_graded_qa").exit_code == 0
    assert [asked.headers.get("x-of-the-log") for asked in judge.asked] == [None]


@pytest.mark.parametrize("roles", [5, {"grader": 5}, {"grader": {"model": 5}}, {"grader": []}], ids=repr)
def test_roles_of_another_shape_are_none(log, roles):
    written(roles)
    assert score("--scorer", "model_graded_qa").exit_code == 0


def test_a_configuration_that_cannot_be_is_a_failed_score(log):
    written({"grader": {"model": "mockllm/model", "config": {"max_retries": -1}}})
    result = score("--scorer", "model_graded_qa")
    assert result.exit_code == 1 and "what the log says of how it is asked cannot be used" in result.output
