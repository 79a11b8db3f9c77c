"""Every command answers a damaged log with one message and exit code 2, or does with it what it can; none hangs."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import strategies as st
from mutations import damaged, for_all, printed
from test_logs import HEADER, LOGS, SAMPLES, members_of, zipped

from evalstream.streams.cli import main

SHORT, LONG = 12, 400

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")

REAL = Path(__file__).parents[2] / "data" / "logs"

COMMANDS = {
    "score": ["score", "LOG", "--scorer", "match", "--output-file", "OUT", "--display", "none"],
    "append": ["score", "LOG", "--action", "append", "--output-file", "OUT", "--display", "none"],
    "publish": ["publish", "LOG", "--scorer", "match", "--broker", "embedded://BROKER"],
    "info": ["info", "LOG"],
    "samples": ["samples", "LOG", "--json"],
    "edit": ["edit", "LOG", "--sample", "1", "--scorer", "match", "--value", "C", "--author", "me", "--add"],
}

KINDS = {
    **LOGS,
    "real": damaged(
        st.sampled_from([(REAL / name).read_bytes() for name in ("e_choice.eval", "b_unscored.eval", "a_scored.json")])
    ),
}


def answer(command: str, data: bytes) -> str:
    """Run a command on a log of these bytes; return what it says, if it did not do it."""
    folder = Path(TemporaryDirectory(prefix="evalstream-fuzz-").name)
    folder.mkdir()
    try:
        log = folder / ("log.eval" if data[:2] == b"PK" else "log.json")
        log.write_bytes(data)
        places = {"LOG": log, "OUT": folder / f"out{log.suffix}", "embedded://BROKER": f"embedded://{folder}/broker"}
        result = CliRunner().invoke(main, [str(places.get(word, word)) for word in COMMANDS[command]])
    finally:
        shutil.rmtree(folder)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.exit_code in (0, 1, 2)
    assert "Traceback" not in result.output
    if result.exit_code != 2:
        return ""
    messages = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(messages) == 1, result.output
    assert "does not foresee" not in messages[0]
    return messages[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_answers_a_damaged_log(command: str, kind: str):
    for_all(KINDS[kind], lambda data: answer(command, data) or None, SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_answers_a_damaged_log_for_long(command: str, kind: str):
    for_all(KINDS[kind], lambda data: answer(command, data) or None, LONG, fresh=True)


def header(**changes: Any) -> bytes:
    return zipped([(name, printed({**HEADER, **changes}) if name == "header.json" else text)
                   for name, text in members_of({**HEADER, "samples": SAMPLES})], zipfile.ZIP_STORED)  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04", "cut short"),
        (header(plan="none"), "'plan' is no object"),
        (header(stats=False), "'stats' is no object"),
        (header(status="succesr"), "'succesr'"),
        (header(eval={**HEADER["eval"], "dataset": []}), "'eval.dataset' is no object"),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
def test_damage_of_the_header_is_named(command: str, data: bytes, message: str):
    assert message in answer(command, data)


@pytest.mark.parametrize("names", [["samples/_epoch_1.json"], ["samples/x.json"], ["samples/x.json", "samples/y.json"]])
def test_a_sample_that_is_there_twice_under_two_names_holds_up_nobody(names: list[str], tmp_path: Path):
    """The ledger counts samples by id and epoch; it used to wait for the second one for ever."""
    log = tmp_path / "log.eval"
    again = [(name, printed({**SAMPLES[0], "id": 7 if len(names) > 1 else 1})) for name in names]
    log.write_bytes(zipped([*members_of({**HEADER, "samples": SAMPLES}), *again], zipfile.ZIP_STORED))
    line = ["score", str(log), "--scorer", "match", "--json", "--output-file", str(tmp_path / "out.eval")]
    result = CliRunner().invoke(main, [*line, "--display", "none"])
    assert result.exit_code == 1
    (report,) = json.loads(result.stdout)["logs"]
    assert report["ledger"][0]["dead_lettered"] == 1
    assert "it is sample" in report["failures"][0]


def test_a_sample_that_says_its_key_twice_ends_the_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("evalstream.streams.score_log.PATIENCE_SECONDS", 0.05)
    # Which of two members of one name counts is the parser's own affair: the id is 1 here and 2 there.
    text = printed(SAMPLES[0]).replace(b'"id": 1', b'"id": 1, "epoch": 1, "id": 2', 1)
    log = tmp_path / "log.json"
    log.write_bytes(printed({**HEADER, "samples": ["@one@", SAMPLES[1]]}).replace(b'"@one@"', text))
    line = ["score", str(log), "--scorer", "match", "--output-file", str(tmp_path / "out.json"), "--display", "none"]
    result = CliRunner().invoke(main, line)
    assert result.exit_code == 2
    assert "1 of its samples have the id and epoch of other ones" in result.output
