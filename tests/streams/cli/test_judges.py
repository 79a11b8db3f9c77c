"""`evalstream score` with judges, as a user meets it."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from inspect_ai.log import read_eval_log
from judge_server import Reply, openai_answer

from .helpers import sample

GRADED = ("--scorer", "model_graded_qa", "--overwrite")


@pytest.fixture
def judged(run, five, folder, judge_server, monkeypatch):
    """Score the five with a judge on this machine; returns what the command said, and the scores of its log."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge_server.url}/v1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))

    def score(*arguments, scorer="model_graded_qa", model=("--model", "vllm/judge")):
        result = run("score", five, *GRADED, "--output-file", "out.json", *model, "-M", "max_retries=0", *arguments)
        log = read_eval_log("out.json")
        return result, [one.scores.get(scorer) for one in log.samples]

    return score


def test_a_judge_grades_a_log(judged, judge_server):
    result, scores = judged("-M", "temperature=0")
    assert result.exit_code == 0, result.output
    assert [score.value for score in scores] == ["C"] * 5
    assert scores[0].metadata["grading"][1]["content"] == "GRADE: C"
    assert {asked.body["temperature"] for asked in judge_server.asked} == {0}


def test_what_was_judged_once_is_not_asked_again_but_on_demand(judged, judge_server, folder):
    judged()
    judged()
    assert len(judge_server.asked) == 5
    assert (folder / "cache" / "evalstream" / "judges.sqlite").is_file()
    judged("--no-judge-cache")
    assert len(judge_server.asked) == 10


def test_an_outage_is_a_failed_score_and_never_an_incorrect_one(judged, judge_server):
    judge_server.always = lambda _: Reply(b"down", 503)
    result, scores = judged()
    assert result.exit_code == 1 and scores == [None] * 5
    assert "answered with status 503" in read_eval_log("out.json").model_dump_json() + result.output
    judge_server.always = lambda _: Reply(openai_answer("GRADE: I"))
    result, scores = judged()
    assert result.exit_code == 0 and [score.value for score in scores] == ["I"] * 5


def test_a_spent_budget_leaves_samples_unscored_and_a_larger_one_scores_only_those(judged, judge_server):
    result, scores = judged("--judge-budget", "30 tokens", "-M", "max_connections=1")
    assert result.exit_code == 0
    unscored = [score for score in scores if score.reason == "budget"]
    asked = len(judge_server.asked)
    assert asked + len(unscored) == 5 and 1 <= asked <= 4
    assert all(score.value != score.value for score in unscored)
    assert "The budget for judges is spent" in unscored[0].explanation
    _, scores = judged("--judge-budget", "1000 tokens")
    assert [score.value for score in scores] == ["C"] * 5
    assert len(judge_server.asked) == 5


def test_a_budget_in_usd_without_the_models_price_is_refused_before_anything_is_scored(run, five, folder, judge_server):
    (folder / "prices.yaml").write_text("openai/other: {input: 1, output: 1}\n")
    budget = ("--judge-budget", "5.00", "--judge-prices", "prices.yaml")
    result = run("score", five, *GRADED, "--model", "vllm/judge", "--model-base-url", judge_server.url, *budget)
    assert result.exit_code == 2
    assert "prices.yaml: has no price of vllm/judge" in result.stderr
    assert judge_server.asked == []


def test_a_budget_in_usd_goes_by_the_prices(judged, judge_server, folder):
    (folder / "prices.yaml").write_text("vllm/*: {input: 1000, output: 10000}\n")
    _, scores = judged("--judge-budget", "0.05", "--judge-prices", "prices.yaml", "-M", "max_connections=1")
    assert 1 <= len(judge_server.asked) <= 4
    assert {score.reason for score in scores} == {None, "budget"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge-budget", "5.00"], "needs to know what models cost: give a file by --judge-prices"),
        (["--judge-budget", "much"], "--judge-budget: must be USD, as in 5.00, or tokens"),
        (["--judge-prices", "nowhere.yaml"], "nowhere.yaml: the prices cannot be read: No such file"),
        (["--model-role", "grader"], "--model-role: must be ROLE=NAME, as in grader=openai/gpt-4o, not 'grader'."),
        (["-M", "api_key=sk-secret"], "must hold no api_key"),
        (["--model-base-url", "127.0.0.1"], "--model-base-url: must begin with https:// or http://"),
        (["-S", "template=nowhere.txt"], "there is no template file 'nowhere.txt'"),
        (["-S", "grade_pattern=C"], "grade_pattern has no group"),
        (["-S", "grade_pattern=GRADE: (C|I)"], """as in -S 'grade_pattern="GRADE: (C|I)"'."""),
    ],
)
def test_what_makes_no_sense_is_said_at_once(run, five, arguments, message):
    result = run("score", five, *GRADED, *arguments)
    assert result.exit_code == 2
    assert message in re.sub(r"\s+", " ", result.stderr)
    assert "Traceback" not in result.stderr


def test_a_model_under_test_of_no_known_service_fails_each_sample_with_what_to_do(run, make_log):
    path = make_log(*(sample(number) for number in range(1, 6)))
    log = json.loads(path.read_text())
    log["eval"]["model"] = "hf/gpt2"
    path.write_text(json.dumps(log))
    result = run("score", path, *GRADED)
    assert result.exit_code == 1
    assert result.output.count("services are openai, anthropic") == 1
    assert "model_graded_qa: 5 samples, the first is sample 1 epoch 1: ModelSetupError: hf/gpt2" in result.output


@pytest.mark.parametrize(
    "command", [("score", "log.json", "--scorer", "model_graded_qa"), ("worker",), ("rescore", "e")]
)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "opnai/gpt-4o"], "--model: opnai/gpt-4o: there is no such model service"),
        (["--model", "gpt-4o"], "--model: gpt-4o: there is no such model service"),
        (["--model", "openai/gpt-4o"], "--model: openai/gpt-4o: its key is missing: set OPENAI_API_KEY."),
        (
            ["--model-role", "grader=vllm/a,groq/b"],
            "--model-role grader: groq/b: its key is missing: set GROQ_API_KEY.",
        ),
        (["--model", "vllm/a", "-M", "temperature=hot"], "-M temperature: must be a valid number"),
    ],
)
def test_a_model_that_cannot_be_asked_is_said_before_anything_is_scored(
    run, five, folder, monkeypatch, command, arguments, message
):
    for key in ("OPENAI_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(key, raising=False)
    result = run(*command, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert [path.name for path in folder.iterdir()] == [five.name]


def test_an_option_of_a_model_that_looks_misspelt_is_told(judged):
    assert (
        "-M temprature: this goes to the model's service as it is. Did you mean temperature?"
        in judged("-M", "temprature=0")[0].stderr
    )
    assert "Did you mean" not in judged("-M", "chat_template=x")[0].stderr


def test_a_role_that_no_scorer_asked_for_is_told(judged):
    result, _ = judged("--model-role", "gradr=vllm/another")
    assert "Note: --model-role gradr: no scorer asked for this role" in result.stderr
    assert "Note:" not in judged("--model-role", "grader=vllm/another")[0].stderr
    assert "Note:" not in judged()[0].stderr


def test_a_role_grades_before_the_model(judged, judge_server):
    judged("--model-role", "grader=vllm/another")
    assert {asked.body["model"] for asked in judge_server.asked} == {"another"}


def test_a_role_may_be_a_panel(judged, judge_server):
    _, scores = judged("--model-role", "grader=vllm/a,vllm/b,vllm/c")
    assert scores[0].metadata["panel"]["votes"] == ["C", "C", "C"]
    assert len(judge_server.asked) == 15


def test_the_model_under_test_grades_by_default(run, make_log, judge_server, monkeypatch, folder):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge_server.url}/v1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    path = make_log(sample(1))
    log = json.loads(path.read_text())
    log["eval"]["model"] = "vllm/tested"
    path.write_text(json.dumps(log))
    assert run("score", path, *GRADED).exit_code == 0
    assert [asked.body["model"] for asked in judge_server.asked] == ["tested"]


def test_epochs_are_judged_apart(run, make_log, judge_server, monkeypatch, folder):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge_server.url}/v1")
    path = make_log(*(sample(1, epoch) for epoch in (1, 2, 3)), epochs=3)
    options = ("--model", "vllm/judge", "--judge-cache-path", folder / "judges.sqlite")
    assert run("score", path, *GRADED, *options).exit_code == 0
    assert len(judge_server.asked) == 3


def test_a_template_of_the_command_line_is_read_and_its_text_goes_into_the_log(judged, judge_server, folder):
    (folder / "prompt.txt").write_text("Mine: {question} {answer} {criterion} {instructions}")
    judged("-S", "template=prompt.txt", "-S", "instructions=Grade!")
    prompts = {asked.body["messages"][0]["content"] for asked in judge_server.asked}
    assert "Mine: What is 1? It is 1 1 Grade!" in prompts
    (scorer,) = read_eval_log("out.json", header_only=True).eval.scorers
    assert scorer.options["template"].startswith("Mine: ")


def test_a_users_scorer_may_pass_its_option_on_as_a_template(run, five, folder, judge_server, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (folder / "prompt.txt").write_text("Mine: {question}")
    (folder / "own.py").write_text(
        "from evalstream.scorers import *\n\n@scorer(metrics=[accuracy()])\ndef own(path: str):\n"
        "    async def score(state, target):\n"
        "        return await model_graded_qa(template=path)(state, target)\n    return score\n"
    )
    options = ("--model", "vllm/judge", "--model-base-url", f"{judge_server.url}/v1", "--no-judge-cache")
    assert run("score", five, "--scorer", "own.py", "-S", "path=prompt.txt", *options).exit_code == 0
    assert {asked.body["messages"][0]["content"][:5] for asked in judge_server.asked} == {"Mine:"}


def test_a_log_whose_template_is_a_path_is_refused_without_reading_it(run, make_log, folder):
    (folder / "private.txt").write_text("{question}")
    path = make_log(sample(1))
    log = json.loads(path.read_text())
    log["eval"]["scorers"] = [{"name": "model_graded_qa", "options": {"template": "private.txt"}}]
    path.write_text(json.dumps(log))
    result = run("score", path)
    assert result.exit_code == 2
    assert "give it on the command line" in re.sub(r"\s+", " ", result.stderr)


def test_a_key_is_nowhere_in_what_is_written(run, five, folder, judge_server, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_API_KEY", "sk-very-secret-0123456789")
    judge_server.always = lambda asked: Reply({"error": f"bad key {asked.headers['authorization']}"}, 401)
    options = ("--model", "vllm/judge", "--model-base-url", f"{judge_server.url}/v1", "--output-file", "out.json")
    result = run("score", five, *GRADED, *options, "--judge-cache-path", folder / "judges.sqlite")
    assert result.exit_code == 1 and judge_server.asked
    assert "sk-very" not in result.output
    assert all(b"sk-very" not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_unscored_samples_are_told_with_the_command_that_shows_why(judged, judge_server, run):
    judge_server.always = lambda _: Reply(openai_answer("I cannot say."))
    result, _ = judged()
    command = re.search(r"5 unscored: `evalstream (.*)` shows why\.", result.stdout)
    assert command is not None
    assert "I cannot say." in run(*shlex.split(command[1]), "--json").output


def test_what_a_spent_budget_left_out_is_told_once(judged):
    result, _ = judged("--judge-budget", "1 tokens", "-M", "max_connections=1")
    assert "The budget for judges was spent" in result.stdout
    assert "unscored:" not in result.stdout
