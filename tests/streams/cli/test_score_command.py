"""What `evalstream score` takes, prints and returns, as a user meets it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from .helpers import sample


def scorers_of(path):
    return [scorer.name for scorer in read_eval_log(str(path), header_only=True).eval.scorers]


def test_the_table_the_path_and_exit_code_0(run, five):
    result = run("score", five, "--scorer", "match", "--scorer", "includes")
    assert result.exit_code == 0
    assert result.stderr == ""
    for word in [
        "log.json",
        "scorer",
        "reducer",
        "metric",
        "value",
        "stderr",
        "match",
        "includes",
        "accuracy",
        "1.000",
    ]:
        assert word in result.stdout
    assert "Ledger" not in result.stdout
    assert result.stdout.endswith("Scored log: log-scored.json\n")


def test_the_newest_log_is_taken_if_none_is_named(run, make_log, folder, monkeypatch):
    (folder / "logs").mkdir()
    for place in ("logs/old.json", "logs/new.json"):
        make_log(sample(1), name=place)
    os.utime("logs/old.json", (1, 1))
    assert run("score", "--scorer", "match").stdout.endswith("Scored log: logs/new-scored.json\n")
    (folder / "elsewhere").mkdir()
    make_log(sample(1), name="elsewhere/its.json")
    monkeypatch.setenv("INSPECT_LOG_DIR", "elsewhere")
    assert run("score", "--scorer", "match").stdout.endswith("Scored log: elsewhere/its-scored.json\n")
    result = run("score", "--scorer", "match", "--log-dir", "logs", "--overwrite")
    assert "Scored log: logs/new-scored.json\n" in result.stdout


def test_files_folders_and_patterns_at_once_each_log_once(run, make_log, folder):
    (folder / "some" / "deep").mkdir(parents=True)
    for name in ("a.json", "some/b.json", "some/deep/c.json", "x1.json", "x2.json"):
        make_log(sample(1), name=name)
    (folder / "some" / "notes.json").write_text("{}")
    result = run(
        "score", "a.json", "some", "x*.json", "./a.json", folder / "some/b.json", "--scorer", "match", "--json"
    )
    assert result.exit_code == 0
    logs = [log["log"] for log in json.loads(result.stdout)["logs"]]
    assert logs == ["a.json", "some/b.json", "some/deep/c.json", "x1.json", "x2.json"]


def test_without_a_terminal_nothing_is_written_over(run, five):
    before = five.read_bytes()
    for name in ("log-scored.json", "log-scored-1.json", "log-scored-2.json"):
        assert run("score", five, "--scorer", "match").stdout.endswith(f"Scored log: {name}\n")
    assert five.read_bytes() == before
    run("score", five, "--scorer", "match", "--output-file", "log-scored.json", "--no-overwrite")
    assert Path("log-scored-3.json").exists()


def test_overwrite_writes_over_the_log(run, five):
    assert run("score", five, "--scorer", "match", "--overwrite").stdout.endswith("Scored log: log.json\n")
    assert scorers_of(five) == ["match"]


def test_a_log_with_scores_is_appended_to_by_new_scorers_and_overwritten_by_its_own(run, five):
    run("score", five, "--scorer", "match", "--overwrite")
    run("score", five, "--scorer", "includes", "--overwrite")
    assert scorers_of(five) == ["match", "includes"]
    run("score", five, "--overwrite")
    assert scorers_of(five) == ["match", "includes"]
    run("score", five, "--scorer", "exact", "--overwrite", "--action", "overwrite")
    assert scorers_of(five) == ["exact"]


def test_options_go_to_the_scorers_that_take_them(run, five, scorer_file):
    file = scorer_file("return Score(value=option)")
    result = run(
        "score", five, "--scorer", "match", "--scorer", file, "--scorer", "includes",
        "-S", "location=any", "-S", "option=1", "-S", "ignore-case=false",
    )  # fmt: skip
    assert result.exit_code == 0
    assert [scorer.options for scorer in read_eval_log("log-scored.json").eval.scorers] == [
        {"location": "any", "ignore_case": False}, {"option": 1}, {"ignore_case": False},
    ]  # fmt: skip


def test_json_is_all_that_standard_output_has(run, five, folder, scorer_file, capfd):
    file = scorer_file("print('from the scorer')\nreturn Score(value=1)")
    text = (folder / file).read_text()
    (folder / file).write_text(f"print('from the file')\n{text}")
    result = run("score", five, "--scorer", file, "--json")
    (log,) = json.loads(result.stdout)["logs"]
    assert log["output"] == "log-scored.json"
    assert log["results"][0]["metrics"]["accuracy"]["value"] == 1
    assert log["error"] is None
    assert log["failures"] == []
    assert "from the file" in result.stderr
    assert "from the scorer" in capfd.readouterr().err  # of another process


def test_json_has_null_where_there_is_no_number(run, five, scorer_file):
    result = run("score", five, "--scorer", scorer_file("return Score.unscored()"), "--json")
    (log,) = json.loads(result.stdout, parse_constant=pytest.fail)["logs"]
    assert log["results"][0]["metrics"]["accuracy"]["value"] is None
    assert log["ledger"][0]["unscored"] == 5


def test_display_none_prints_the_result_only(run, make_log):
    log = make_log(sample(1), status="started")
    assert "Note" in run("score", log, "--scorer", "match").stderr
    assert run("score", log, "--scorer", "match", "--display", "none").stderr == ""


def test_environment_variables_of_inspect(run, five, monkeypatch):
    monkeypatch.setenv("INSPECT_SCORE_SCORER", "match")
    monkeypatch.setenv("INSPECT_SCORE_SCORER_ARGS", "location=any")
    monkeypatch.setenv("INSPECT_SCORE_METRIC", "mean")
    monkeypatch.setenv("INSPECT_SCORE_OUTPUT_FILE", "out.eval")
    monkeypatch.setenv("INSPECT_DISPLAY", "plain")
    assert run("score", five).exit_code == 0
    scored = read_eval_log("out.eval")
    assert scored.eval.scorers[0].options == {"location": "any"}
    assert list(scored.results.scores[0].metrics) == ["mean"]


def test_text_of_logs_speaks_neither_markup_nor_terminal(run, make_log, scorer_file):
    log = make_log(sample("[red]\x1b[2J:smile:"), sample(2))
    result = run("score", log, "--scorer", scorer_file("raise ValueError(f'[bold]{state.sample_id}\\a')"))
    assert result.exit_code == 1
    assert "[red]?[2J:smile:" in result.stdout
    assert "[bold]" in result.stdout
    assert not set("\x1b\x07") & set(result.output)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_keeps_to_the_width(run, five, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = run("score", five, "--scorer", "match")
    table = [line for line in result.stdout.splitlines() if line[:1] in "┏┃┡│└"]
    assert table
    assert all(len(line) <= width for line in table)


def test_a_terminal_that_knows_ascii_only(spawn, five):
    result = spawn(
        "score", five, "--scorer", "match", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert result.returncode == 0, result.stderr
    assert "match" in result.stdout


def test_help_does_not_wait_for_what_it_does_not_need(spawn):
    result = spawn("--help", before="import atexit, sys; atexit.register(lambda: print('faust' in sys.modules))")
    assert result.returncode == 0
    assert result.stdout.endswith("False\n")
