"""What judges used, as a user sees it: in the log, in reports, on a broker; and what a later run asks again."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from judge_server import Asked, Reply, openai_answer
from rich.console import Console
from waiting import wait_for

from evalstream.streams.cli import report
from evalstream.streams.events import ScoreEmitted, ScorerUsage
from evalstream.streams.topics import SCORES
from evalstream.streams.transport.sqlite_store import SqliteStore

from .helpers import LINES, sample

PRICES = "vllm/*: {input: 1000, output: 10000}\n"
PAID = {"input_tokens": 50, "output_tokens": 10, "total_tokens": 60, "total_cost": 0.15}
STOPPED = {"message": "stopped", "traceback": "", "traceback_ansi": ""}
JUDGED = ("--scorer", "model_graded_qa", "--model", "vllm/judge", "-M", "max_retries=0")


@pytest.fixture
def judge(folder, judge_server, monkeypatch):
    """A judge on this machine, which commands find by themselves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("VLLM_BASE_URL", f"{judge_server.url}/v1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    (folder / "prices.yaml").write_text(PRICES)
    return judge_server


def questions(asked: list[Asked]) -> list[int]:
    """Numbers of the samples that a judge was asked about."""
    return sorted(int(re.search(r"What is (\d+)\?", one.body["messages"][0]["content"])[1]) for one in asked)


def header(path: str | Path) -> dict:
    return json.loads(Path(path).read_text())


def test_a_log_says_what_was_spent_as_inspect_reads_it(run, five, judge):
    role = ("--model-role", "grader=vllm/judge", "--judge-prices", "prices.yaml")
    assert run("score", five, *JUDGED, *role, "--output-file", "out.json").exit_code == 0
    stats = read_eval_log("out.json", header_only=True).stats
    assert stats.model_usage["vllm/judge"].model_dump(exclude_none=True) == PAID
    assert stats.role_usage["grader"].model_dump(exclude_none=True) == PAID
    ours = header("out.json")["stats"]["scorer_usage"]
    assert ours == {"model_graded_qa": {"vllm/judge": {"calls": 5, **PAID}}}


def test_what_the_eval_itself_had_used_is_added_to(run, make_log, judge):
    own = {"model_usage": {"vllm/judge": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}, "m/x": {}}}
    log = make_log(sample(1), stats={"started_at": "2026-01-01T00:00:00+00:00", **own})
    assert run("score", log, *JUDGED, "--output-file", "out.json").exit_code == 0
    stats = read_eval_log("out.json", header_only=True).stats
    assert stats.model_usage["vllm/judge"].total_tokens == 14 and "m/x" in stats.model_usage
    assert stats.started_at and stats.role_usage == {}  # the default model plays none, as in Inspect


def test_answers_of_the_cache_are_calls_saved_and_cost_nothing(run, five, judge):
    for output in ("first.json", "second.json"):
        result = run("score", five, *JUDGED, "--judge-prices", "prices.yaml", "--output-file", output, "--json")
    (told,) = json.loads(result.stdout)["logs"][0]["usage"]
    assert (told["calls"], told["cached"], told["total_tokens"], told["cost"]) == (0, 5, 0, None)
    first, second = header("first.json"), header("second.json")
    assert "model_usage" not in second["stats"]
    assert second["stats"]["scorer_usage"]["model_graded_qa"]["vllm/judge"]["cached"] == 5
    # All else is the same: who wants the bytes compares what is not in the stats.
    assert {**first, "stats": {}} == {**second, "stats": {}}


def test_scorers_that_ask_nobody_leave_the_stats_alone(run, five):
    assert run("score", five, "--scorer", "match", "--output-file", "out.json").exit_code == 0
    assert header("out.json")["stats"] == {}


def test_the_report_has_a_table_of_judges(run, five, judge):
    result = run("score", five, *JUDGED, "--judge-prices", "prices.yaml", "--output-file", "out.json")
    row = next(line for line in result.stdout.splitlines() if "vllm/judge" in line)
    assert re.findall(r"[\d.]+", row) == ["5", "0", "50", "10", "60", "0.1500"]
    assert "Judges" not in run("score", five, "--scorer", "match", "--output-file", "match.json").stdout


def test_two_scorers_are_told_apart(run, five, judge):
    both = ("--scorer", "model_graded_fact", "--scorer", "match", *JUDGED)
    result = run("score", five, *both, "--output-file", "out.json", "--json")
    told = json.loads(result.stdout)["logs"][0]["usage"]
    assert [(one["scorer"], one["calls"]) for one in told] == [("model_graded_fact", 5), ("model_graded_qa", 5)]
    assert read_eval_log("out.json", header_only=True).stats.model_usage["vllm/judge"].total_tokens == 120


def test_a_failed_score_has_used_something_too(run, five, judge, scorer_file):
    file = scorer_file("await get_model('vllm/judge').generate('hi ' + str(state.sample_id))\nraise ValueError('no')")
    result = run("score", five, "--scorer", file, "--output-file", "out.json", "--json")
    (told,) = json.loads(result.stdout)["logs"][0]["usage"]
    assert (result.exit_code, told["calls"], told["total_tokens"], told["role"]) == (1, 5, 60, None)


def test_a_spent_budget_is_told_and_a_larger_one_asks_only_for_the_rest(run, five, judge):
    budget = (*JUDGED, "--action", "overwrite", "-M", "max_connections=1", "--output-file", "out.json", "--overwrite")
    result = run("score", five, *budget, "--judge-budget", "30 tokens")
    first = questions(judge.asked)
    assert 1 <= len(first) <= 4
    log = read_eval_log("out.json")
    sentence = log.results.metadata["judge_budget"]
    assert sentence.startswith(f"The budget for judges was spent: of 5 samples {5 - len(first)} not scored by model_gr")
    assert sentence in result.stdout and (result.exit_code, log.status, log.error) == (0, "success", None)
    missing = sorted(one.id for one in log.samples if one.scores["model_graded_qa"].reason == "budget")
    assert f"({', '.join(f'sample {number}' for number in missing)})" in sentence

    del judge.asked[:]
    result = run("score", five, *budget, "--judge-budget", "1000 tokens", "--json")
    assert questions(judge.asked) == missing == sorted({1, 2, 3, 4, 5} - set(first))
    log = read_eval_log("out.json")
    assert [one.scores["model_graded_qa"].value for one in log.samples] == ["C"] * 5
    assert log.results.metadata is None and json.loads(result.stdout)["logs"][0]["budget"] is None


def test_a_larger_budget_goes_on_with_the_scored_log_itself(run, five, judge):
    given = (*JUDGED, "--action", "overwrite", "--overwrite", "-M", "max_connections=1")
    run("score", five, *given, "--judge-budget", "30 tokens")
    assert "judge_budget" in header(five)["results"]["metadata"]
    spent = len(judge.asked)
    run("score", five, *given, "--judge-budget", "1000 tokens")
    assert "metadata" not in header(five)["results"] and len(judge.asked) == 5 and spent < 5
    # All that was spent on the eval, by both.
    assert header(five)["stats"]["model_usage"]["vllm/judge"]["total_tokens"] == 60


def down_for(*numbers: int):
    def answer(asked: Asked) -> Reply:
        (number,) = questions([asked])
        return Reply(b"down", 503) if number in numbers else Reply(openai_answer("GRADE: C"))

    return answer


@pytest.mark.parametrize("ending", [{}, {"status": "cancelled", "error": STOPPED}])
def test_a_later_run_fills_in_what_an_outage_left_out_and_asks_for_that_only(run, make_log, judge, ending):
    log = make_log(*(sample(number) for number in range(1, 6)), **ending)
    given = (*JUDGED, "--action", "overwrite", "--overwrite")
    judge.always = down_for(2, 4)
    result = run("score", log, *given)
    assert result.exit_code == 1
    found = read_eval_log(str(log))
    assert found.status == "error" and "2 not scored by model_graded_qa (sample 2, sample 4;" in found.error.message
    assert [sorted(one.scores) for one in found.samples] == [
        ["model_graded_qa"],
        [],
        ["model_graded_qa"],
        [],
        ["model_graded_qa"],
    ]

    judge.always = down_for()
    del judge.asked[:]
    result = run("score", log, *given)
    assert (result.exit_code, questions(judge.asked)) == (0, [2, 4])
    assert ("ended with status cancelled (stopped)" in result.stderr) == bool(ending)
    assert "not scored by" not in result.stderr
    found = read_eval_log(str(log))
    assert [one.scores["model_graded_qa"].value for one in found.samples] == ["C"] * 5
    # The log says again what became of the eval itself.
    assert found.status == ending.get("status", "success")
    assert (found.error.message if found.error else None) == ending.get("error", {}).get("message")
    assert "before_scoring" not in header(log)["stats"]


def test_what_is_appended_to_a_log_with_gaps_fills_none_of_them(run, five, judge):
    judge.always = down_for(2)
    run("score", five, *JUDGED, "--action", "overwrite", "--overwrite")
    message = header(five)["error"]["message"]
    assert run("score", five, "--scorer", "match", "--action", "append", "--overwrite").exit_code == 0
    assert (header(five)["status"], header(five)["error"]["message"]) == ("error", message)


@pytest.fixture
def broker(folder, tmp_path_factory, monkeypatch) -> Path:
    path = tmp_path_factory.mktemp("broker")
    monkeypatch.setenv("EVALSTREAM_BROKER", f"embedded://{path}")
    return path


def work(*options: str) -> None:
    line = [sys.executable, "-c", LINES, "worker", "--log-dir", "logs", "--exit-when-idle", "1", *options]
    subprocess.run(line, check=True, timeout=120, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_scores_on_a_broker_carry_their_usage_and_runs_shows_the_sum(run, five, judge, broker):
    assert run("publish", five, "--scorer", "model_graded_qa", "--scorer", "match").exit_code == 0
    work("--model-role", "grader=vllm/judge", "--judge-prices", "prices.yaml")
    store = SqliteStore(broker)
    events = [ScoreEmitted.model_validate_json(record.value) for record in store.read(SCORES.name, 0, 99, 1 << 20)]
    store.close()
    one = {"role": "grader", "calls": 1, "input_tokens": 10, "output_tokens": 2, "total_tokens": 12, "cost": 0.03}
    assert [event.usage for event in events if event.scorer == "model_graded_qa"] == [{"vllm/judge": one}] * 5
    assert [event.usage for event in events if event.scorer == "match"] == [None] * 5
    (row,) = json.loads(run("runs", "--json").stdout)
    assert (row["usage"][0]["calls"], row["usage"][0]["cost"]) == (5, 0.15)
    assert "judges: 5 calls, 60 tokens, 0.1500 USD" in run("runs", env={"COLUMNS": "250"}).stdout
    assert "vllm/judge (grader)" in run("runs", "--eval", "e1", env={"COLUMNS": "250"}).stdout


@pytest.fixture
def published(run, five, broker) -> None:
    assert run("publish", five, "--scorer", "match").exit_code == 0


@pytest.fixture
def killed(judge):
    """Begin a rescoring whose judge never answers for samples 2 and 5, and kill it once it has the other answers."""
    judge.always = lambda asked: Reply(openai_answer("GRADE: C"), delay=30 if questions([asked])[0] in (2, 5) else 0)
    line = [sys.executable, "-c", LINES, "rescore", "e1", *JUDGED, "--output-file", "again.json"]
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cache = Path("cache/evalstream/judges.sqlite")
    try:
        wait_for(lambda: len(judge.asked) == 5 and in_cache(cache, "answer is not null") == 3, "three answers")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    # What a dead process was asking is left to it for 30 s; nobody waits for that here.
    assert in_cache(cache, "answer is null", delete=True) == 2
    judge.always = lambda _: Reply(openai_answer("GRADE: C"))
    del judge.asked[:]


def in_cache(path: Path, condition: str, delete: bool = False) -> int:
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        if delete:
            return connection.execute(f"delete from answers where {condition}").rowcount
        return connection.execute(f"select count(*) from answers where {condition}").fetchone()[0]


def test_a_rescoring_that_was_killed_does_not_ask_again_what_was_answered(run, published, killed, judge):
    result = run("rescore", "e1", *JUDGED, "--output-file", "again.json")
    assert result.exit_code == 0 and "going on with run" in result.output
    assert questions(judge.asked) == [2, 5]
    assert [one.scores["model_graded_qa"].value for one in read_eval_log("again.json").samples] == ["C"] * 5


def test_a_rescoring_goes_on_with_the_same_judge_only(run, published, killed, judge):
    other = run("rescore", "e1", *JUDGED, "--model", "vllm/another", "--output-file", "again.json")
    assert other.exit_code == 0 and "going on with run" not in other.output
    assert {asked.body["model"] for asked in judge.asked} == {"another"} and len(judge.asked) == 5
    Path("again.json").unlink()
    assert "going on with run" in run("rescore", "e1", *JUDGED, "--output-file", "again.json").output
    assert not Path(".evalstream").exists()


def test_a_larger_budget_is_another_rescoring_that_asks_for_the_rest(run, published, judge):
    given = ("rescore", "e1", *JUDGED, "-M", "max_connections=1")
    run(*given, "--judge-budget", "30 tokens", "--output-file", "first.json")
    missing = [one.id for one in read_eval_log("first.json").samples if one.scores["model_graded_qa"].reason]
    del judge.asked[:]
    run(*given, "--judge-budget", "1000 tokens", "--output-file", "second.json")
    assert questions(judge.asked) == missing != []


def test_the_table_of_judges_is_plain_text(capsys):
    used = ScorerUsage(scorer="a\x1b[31m", model="m\x07/j", calls=1)
    Console(width=120).print(report.usage_table([used]))
    assert "\x1b" not in (shown := capsys.readouterr().out) and "\x07" not in shown
