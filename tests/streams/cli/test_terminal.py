"""The command in a terminal: its questions, its progress bar, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from .helpers import LINES, sample

WAITS = """
print(f"scorer has {'begun'}", flush=True)
await asyncio.sleep(3600)
"""


def _take_terminal():
    """Make the terminal the one that Ctrl-C comes from."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A command in a terminal of its own; what is shown is kept in ``shown``."""

    def __init__(self, folder, *arguments, **environment):
        self._ours, theirs = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", LINES, *(str(argument) for argument in arguments)],
            cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 (no thread of ours holds a lock here)
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **environment},
        )  # fmt: skip
        os.close(theirs)

    def wait_for(self, text):
        while text not in self.shown:
            piece = self._read()
            assert piece, f"the command ended without {text!r}: {self.shown}"

    def send(self, text):
        os.write(self._ours, text.encode())

    def end(self):
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(timeout=30)

    def _read(self):
        try:
            piece = os.read(self._ours, 4096).decode(errors="replace")
        except OSError:  # how Linux says that the other side is closed
            return ""
        self.shown += piece
        return piece


@pytest.fixture
def terminal(folder):
    opened = []

    def start(*arguments, **environment):
        opened.append(Terminal(folder, *arguments, **environment))
        return opened[-1]

    yield start
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


@pytest.fixture
def scored(run, five):
    run("score", five, "--scorer", "match", "--overwrite")
    return five


def scorers_of(path):
    return [scorer.name for scorer in read_eval_log(str(path), header_only=True).eval.scorers]


@pytest.mark.parametrize(
    ("answers", "output", "scorers"),
    [
        (["append", "overwrite"], "log.json", ["match", "includes"]),
        (["o", "o"], "log.json", ["includes"]),
        (["", "", ""], "log-scored.json", ["match", "includes"]),
        (["a", "create", "mine.json"], "mine.json", ["match", "includes"]),
        (["maybe", "a", "c", ""], "log-scored.json", ["match", "includes"]),
    ],
)
def test_it_asks_what_becomes_of_scores_and_files(terminal, scored, folder, answers, output, scorers):
    screen = terminal("score", scored, "--scorer", "includes")
    screen.wait_for("has scores. Overwrite them, or append the new ones? [overwrite/append] [append]: ")
    for answer in answers:
        screen.send(f"{answer}\n")
    assert screen.end() == 0, screen.shown
    assert f"Scored log: {output}" in screen.shown
    assert scorers_of(folder / output) == scorers


def test_options_answer_the_questions(terminal, scored, folder):
    screen = terminal("score", scored, "--scorer", "includes", "--action", "append", "--overwrite")
    assert screen.end() == 0
    assert "append" not in screen.shown
    assert "create" not in screen.shown
    assert scorers_of(scored) == ["match", "includes"]


# The line's end after Ctrl-C wakes the prompt should the signal reach it before it begins to wait.
@pytest.mark.parametrize("answer", ["\x03\n", "\x04"])
def test_no_answer_leaves_everything_as_it_was(terminal, scored, folder, answer):
    before = scored.read_bytes()
    screen = terminal("score", scored, "--scorer", "includes")
    screen.wait_for("[append]: ")
    screen.send(answer)
    assert screen.end() == 130
    assert "Traceback" not in screen.shown
    assert scored.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ["log.json"]


def test_a_bar_with_running_metrics_while_it_works(terminal, make_log, scorer_file):
    log = make_log(*(sample(number) for number in range(1, 21)))
    file = scorer_file("await asyncio.sleep(3600 if state.sample_id == 20 else 0)\nreturn Score(value=1)")
    screen = terminal("score", log, "--scorer", file, "--no-overwrite", "--scorer-timeout", "1.5")
    screen.wait_for("scoring")
    screen.wait_for("made accuracy 1.000")
    assert screen.end() == 1
    assert "19/20" in screen.shown


def test_ctrl_c_while_it_works(terminal, five, folder, scorer_file):
    before = five.read_bytes()
    screen = terminal("score", five, "--scorer", scorer_file(WAITS), "--overwrite")
    screen.wait_for("scorer has begun")
    screen.send("\x03")
    assert screen.end() == 130
    assert "Interrupted" in screen.shown
    assert "Traceback" not in screen.shown
    assert five.read_bytes() == before


def test_a_terminal_that_is_closed_ends_it_tidily(terminal, five, scorer_file):
    screen = terminal("score", five, "--scorer", scorer_file(WAITS), "--overwrite")
    screen.wait_for("scorer has begun")
    screen.process.send_signal(signal.SIGHUP)
    assert screen.end() == 130


def test_colours_only_where_they_are_wanted(terminal, five):
    coloured = re.compile(r"\x1b\[(?:\d+;)*(?:3\d|4\d|9\d)(?:;\d+)*m")
    plain = terminal("score", five, "--scorer", "match", "--no-overwrite", NO_COLOR="1")
    assert plain.end() == 0
    assert not coloured.search(plain.shown)


def test_display_none_draws_nothing(terminal, five):
    screen = terminal("score", five, "--scorer", "match", "--no-overwrite", "--display", "none")
    assert screen.end() == 0
    assert "scoring" not in screen.shown
    assert "\x1b[?25l" not in screen.shown
    assert Path(five).exists()
