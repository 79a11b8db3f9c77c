"""An expression that backtracks for ever costs its own sample."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading

import pytest

from evalstream.streams.logs.source import open_log
from evalstream.streams.scoring.alarm import alarm

COMMAND = [sys.executable, "-c", "from evalstream.streams.cli import main; main()"]
HOPELESS = "(a+)+$"


def test_a_pattern_that_backtracks_for_ever_costs_its_own_sample(make_log, tmp_path):
    endless = {"model": "m", "choices": [], "completion": "a" * 60 + "b"}
    hopeless, fine = make_log(1, name="hopeless.eval", output=endless), make_log(9, name="fine.eval")
    options = ["--scorer", "pattern", "-S", f"pattern={HOPELESS}", "--scorer-timeout", "0.3", "--json", "--overwrite"]
    line = [*COMMAND, "score", str(hopeless), str(fine), *options, "--action", "overwrite"]
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1, ended.stderr
    said = {entry["log"].rpartition("/")[2]: entry for entry in json.loads(ended.stdout)["logs"]}
    assert said["hopeless.eval"]["ledger"][0]["failed"] == 1
    assert said["fine.eval"]["ledger"][0]["scored"] == 9
    with open_log(hopeless) as source:
        assert "no result after 0.3 s: it would have held up everything else" in source.header["error"]["message"]


SEARCHING = """
import re
from evalstream.scorers import Score, accuracy, scorer

@scorer(metrics=[accuracy()])
def searching():
    async def score(state, target):
        return Score(value="C" if re.search(r"(a+)+$", state.output.completion) else "I")
    return score
"""


def test_an_expression_of_a_users_own_scorer_costs_its_own_sample_too(make_log, tmp_path):
    endless = {"model": "m", "choices": [], "completion": "a" * 60 + "b"}
    hopeless, fine = make_log(1, name="hopeless.eval", output=endless), make_log(9, name="fine.eval")
    (tmp_path / "searching.py").write_text(SEARCHING)
    options = ["--scorer", "searching.py", "--scorer-timeout", "0.3", "--json", "--overwrite", "--action", "overwrite"]
    line = [*COMMAND, "score", str(hopeless), str(fine), *options]
    ended = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=90)
    assert ended.returncode == 1, ended.stderr
    said = {entry["log"].rpartition("/")[2]: entry for entry in json.loads(ended.stdout)["logs"]}
    assert said["hopeless.eval"]["ledger"][0]["failed"] == 1
    assert said["fine.eval"]["ledger"][0]["scored"] == 9
    (failure,) = said["hopeless.eval"]["failures"]
    assert "no result after 0.3 s. Nothing else could run meanwhile" in failure


def test_the_alarm_rings_no_more_when_the_block_has_ended_and_leaves_signals_as_they_were():
    before = signal.getsignal(signal.SIGALRM)
    with alarm(0.05):
        pass
    threading.Event().wait(0.1)
    with pytest.raises(TimeoutError), alarm(0.05):
        threading.Event().wait(10)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_on_another_thread_there_is_no_alarm():
    done: list[bool] = []

    def run() -> None:
        with alarm(0.01):
            done.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert done == [True]
