"""``evalstream info``, ``samples`` and ``edit``: what they show, and what they leave alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import inspect_ai.log
import pytest

from .helpers import sample
from .test_terminal import terminal  # noqa: F401 (a fixture)

LOGS = Path(__file__).parents[2] / "data" / "logs"
NASTY = "\x1b[2J\x1b]0;owned\x07[red]x[/red]:smile:\u202e"


@pytest.fixture
def log(folder):
    return Path(shutil.copy(LOGS / "a_scored.eval", folder / "a.eval")).relative_to(folder)


@pytest.fixture
def hostile(make_log):
    """A log whose every text tries to speak to the terminal."""
    score = {"value": NASTY, "answer": NASTY, "explanation": NASTY}
    spec = {
        "eval_id": NASTY, "created": NASTY, "task": NASTY, "model": NASTY, "dataset": {"name": NASTY},
        "config": {"epochs": 1, "epochs_reducer": [NASTY]}, "scorers": [{"name": NASTY, "options": {NASTY: NASTY}}],
    }  # fmt: skip
    rows = [{"name": NASTY, "scorer": NASTY, "reducer": NASTY, "metrics": {NASTY: {"name": NASTY, "value": 1}}}]
    return make_log(
        sample(NASTY, target=[NASTY], scores={NASTY: score}), eval=spec, results={"scores": rows},
        error={"message": NASTY}, tags=[NASTY], status="error",
    )  # fmt: skip


def harmless(shown: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in shown)


def test_info_shows_the_header_and_the_metrics(run, log):
    shown = run("info", log).output
    for text in ("success", "addition", "mockllm/model", "match(), includes()", "mean, at_least_2", "0.217", "0.050"):
        assert text in shown


def test_info_as_json_is_the_header_without_the_list_of_ids(run, log):
    made = json.loads(run("info", log, "--json").output)
    header = inspect_ai.log.read_eval_log(str(log), header_only=True)
    assert (made["samples"], made["format"]) == (60, "eval")
    assert made["header"]["results"]["scores"][0]["metrics"]["accuracy"]["value"] == 0.21666666666666665
    assert made["header"]["eval"]["task_id"] == header.eval.task_id
    assert "sample_ids" not in made["header"]["eval"]["dataset"]


def test_info_of_an_unscored_log_says_so(run, five):
    assert "no metrics" in run("info", five).output


@pytest.mark.parametrize("name", ["a.eval", "log.json"])
def test_samples_are_found_by_scorer_and_value(run, log, folder, name):
    if name == "log.json":
        shutil.copy(LOGS / "a_scored.json", folder / name)
    whole = inspect_ai.log.read_eval_log(name)
    wanted = {(s.id, s.epoch) for s in whole.samples if s.scores["match"].value == "C"}
    found = json.loads(run("samples", name, "--scorer", "match", "--value", "C", "--json").output)
    assert {(row["id"], row["epoch"]) for row in found} == wanted
    assert len(json.loads(run("samples", name, "--json").output)) == 60
    assert json.loads(run("samples", name, "--scorer", "f1", "--json").output) == []
    shown = run("samples", name, "--scorer", "match", "--value", "C", "--limit", "2").output
    assert f"and {len(wanted) - 2} more" in shown
    assert "explanation" in shown


def test_samples_without_a_score_are_found_as_nan_and_shown_as_a_dash(run, make_log):
    unscored = sample(1, scores={"match": {"value": float("nan"), "reason": "refusal"}})
    path = make_log(unscored, sample(2, scores={"match": {"value": 0.5}}))
    assert [row["id"] for row in json.loads(run("samples", path, "--value", "NaN", "--json").output)] == [1]
    assert [row["id"] for row in json.loads(run("samples", path, "--value", ".5", "--json").output)] == []
    assert [row["id"] for row in json.loads(run("samples", path, "--value", "0.50", "--json").output)] == [2]
    assert "–" in run("samples", path).output
    assert "No sample has the value Q." in run("samples", path, "--value", "Q").output


@pytest.mark.parametrize(
    ("scorer", "message"),
    [("mtch", "no sample has a score 'mtch'. Did you mean match?"), ("zz", "There are match, includes.")],
)
def test_a_scorer_that_no_sample_has_a_score_of_is_said_with_those_that_there_are(run, log, scorer, message):
    result = run("samples", log, "--scorer", scorer)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_logs_say_cannot_speak_to_the_terminal(run, hostile):
    for arguments in (["info"], ["samples"], ["samples", "--scorer", NASTY], ["samples", "--json"], ["info", "--json"]):
        result = run(arguments[0], hostile, *arguments[1:], env={"COLUMNS": "400"})
        assert result.exit_code == 0, result.output
        assert harmless(result.output), arguments
        assert "owned" in result.output


def test_a_real_terminal_gets_nothing_but_text_and_our_own_colours(terminal, hostile):  # noqa: F811
    screen = terminal("samples", hostile)
    assert screen.end() == 0
    assert "\x1b[2J" not in screen.shown
    assert "\x1b]0" not in screen.shown
    assert "\x07" not in screen.shown
    screen = terminal("edit", hostile, "--sample", NASTY + "x", "--scorer", "match", "--value", "C", "--author", "me")
    assert screen.end() == 2
    assert "\x1b[2J" not in screen.shown
    assert "there is no sample" in screen.shown


def test_edit_changes_a_score_and_the_metrics_and_keeps_who_and_why(run, log):
    result = run(
        "edit", log, "--sample", "s01", "--epoch", 1, "--scorer", "match", "--value", "C", "--reason", "read it",
        "--author", "me",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "0.233" in result.output
    assert "1 edit in 1 sample." in result.output
    made = inspect_ai.log.read_eval_log(str(log))
    score = next(s for s in made.samples if (s.id, s.epoch) == ("s01", 1)).scores["match"]
    assert [step.value for step in score.history] == ["I", "C"]
    assert (score.history[1].provenance.author, score.history[1].provenance.reason) == ("me", "read it")
    assert made.results.scores[0].metrics["accuracy"].value == pytest.approx(14 / 60)


def test_edits_come_from_a_table(run, log, folder):
    (folder / "edits.csv").write_text(
        "sample,epoch,scorer,value,explanation\ns01,1,match,C,one\ns01,1,includes,NaN,\n2,3,match,I,three\n"
    )
    result = run("edit", log, "--from", "edits.csv", "--author", "me", "--reason", "review", "--json")
    made = json.loads(result.output)
    assert (made["edits"], made["samples"]) == (3, 2)
    assert made["results"]["scores"][0]["metrics"]["accuracy"]["value"] == pytest.approx(14 / 60)
    rows = json.loads(run("samples", log, "--scorer", "includes", "--value", "NaN", "--json").output)
    assert [(row["id"], row["epoch"]) for row in rows] == [("s01", 1)]


def test_the_author_is_the_login_name_by_default(run, log, monkeypatch):
    monkeypatch.setenv("LOGNAME", "somebody")
    run("edit", log, "--sample", "s01", "--epoch", 1, "--scorer", "match", "--answer", "x", "--no-recompute")
    made = inspect_ai.log.read_eval_log(str(log))
    score = next(s for s in made.samples if (s.id, s.epoch) == ("s01", 1)).scores["match"]
    assert score.history[-1].provenance.author == "somebody"


def test_a_users_metric_comes_from_a_file(run, five, folder, scorer_file):
    (folder / "made.py").write_text(
        "from evalstream.scorers import *\n@metric\ndef answered():\n    def compute(scores):\n"
        "        return float(len(scores))\n    return compute\n"
        "@scorer(metrics=[answered()])\ndef made():\n    async def score(state, target):\n"
        "        return Score(value=1)\n    return score\n"
    )
    run("score", five, "--scorer", "made.py", "--overwrite", "--display", "none")
    arguments = ["edit", five, "--sample", 1, "--scorer", "made", "--value", "NaN", "--author", "me"]
    code = "from evalstream.streams.cli import main; main()"
    line = [sys.executable, "-c", code, *map(str, arguments)]
    refused = subprocess.run(line, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--scorers" in refused.stderr
    assert "Traceback" not in refused.stderr
    done = subprocess.run([*line, "--scorers", "made.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "4.000" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--value", "C"], "--sample ID and --scorer NAME"),
        (["--sample", "s01", "--scorer", "match"], "nothing is to change"),
        (["--sample", "s01", "--scorer", "match", "--value", "C"], "several epochs"),
        (["--sample", "s01", "--epoch", "1", "--scorer", "mach", "--value", "C"], "Did you mean match?"),
        (["--sample", "s01", "--epoch", "1", "--scorer", "match", "--value", "[[1]]"], "none that a score can have"),
        (["--from", "none.csv"], "cannot be read"),
        (["--from", "none.csv", "--sample", "s01"], "leave out --sample"),
        (["--from", "empty.csv"], "no edit in this file"),
    ],
)
def test_an_edit_that_makes_no_sense_is_said_and_nothing_changes(run, log, folder, arguments, message):
    (folder / "empty.csv").write_text("sample,scorer,value\n")
    result = run("edit", log, "--author", "me", *arguments)
    assert result.exit_code == 2
    assert message in result.output
    assert log.read_bytes() == (LOGS / "a_scored.eval").read_bytes()


@pytest.mark.parametrize("command", ["info", "samples", "edit"])
def test_to_look_and_to_edit_start_without_faust(command, log):
    arguments = ["--sample", "s01", "--epoch", "1", "--scorer", "match", "--value", "C"] if command == "edit" else []
    code = (
        "import sys\nfrom evalstream.streams.cli import main\ntry:\n    main(sys.argv[1:])\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "assert not {'faust', 'mode', 'aiokafka', 'inspect_ai'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, command, str(log), *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
