"""``evalstream runs``: a look at a broker, whichever it is, that changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from evalstream.streams.cli.runs_table import print_details, print_runs
from evalstream.streams.events import LedgerEntry, LogMaterialised, MetricsUpdated
from evalstream.streams.overview import RunRow
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.record import NewRecord

from .helpers import LINES

EVIL = "\x1b[31mred\x07[bold]b[/bold] :smile:\nnext"


@pytest.fixture(params=["embedded", "kafka"])
def broker(request, folder, tmp_path_factory, topic_prefix, monkeypatch, run) -> str:
    """A broker of each kind, with this test's topics and nothing on them."""
    if request.param == "embedded":
        url = f"embedded://{tmp_path_factory.mktemp('broker')}"
    else:
        url = f"kafka://{request.getfixturevalue('kafka_broker')}"
        monkeypatch.setenv("EVALSTREAM_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("EVALSTREAM_BROKER", url)
    monkeypatch.setenv("EVALSTREAM_PARTITIONS", "2")
    run("topics", "create")
    return url


@pytest.fixture
def append(broker) -> Callable[..., None]:
    def to(topic: str, *values: bytes) -> None:
        prefix = os.environ.get("EVALSTREAM_TOPIC_PREFIX", "")
        client = open_client(Settings(broker=broker, topic_prefix=prefix))
        client.append(topic, [NewRecord(b"%d" % place, value, place=b"e1") for place, value in enumerate(values)])
        client.close()

    return to


def work(log_dir: Path) -> None:
    """Run a worker until it has nothing to do, in a process of its own."""
    line = [sys.executable, "-c", LINES, "worker", "--log-dir", str(log_dir), "--exit-when-idle", "1"]
    subprocess.run(line, check=True, timeout=120, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_an_empty_broker_says_so(run, broker):
    result = run("runs")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"No evals on {broker} yet: `evalstream publish` brings one.\n"
    assert json.loads(run("runs", "--json").stdout) == []


def test_a_run_is_shown_from_its_start_to_its_log(run, broker, five):
    run("publish", five, "--scorer", "match")
    (before,) = json.loads(run("runs", "--json").stdout)
    assert (before["state"], before["received"], before["expected"], before["log"]) == ("scoring", 0, 5, None)

    work(Path("scored"))
    (after,) = json.loads(run("runs", "--json").stdout)
    assert (after["eval_id"], after["run_id"], after["task"]) == ("e1", "live", "demo")
    assert (after["state"], after["status"], after["received"], after["expected"]) == ("written", "success", 5, 5)
    assert [(entry["scorer"], entry["scored"], entry["failed"]) for entry in after["ledger"]] == [("match", 5, 0)]
    assert after["scores"][0]["metrics"]["accuracy"]["value"] == 1.0
    assert Path(after["log"]).is_file()
    assert after["updated_ms"] >= before["updated_ms"]

    shown = run("runs", env={"COLUMNS": "200"})
    for text in ("demo", "e1", "log written", "5 of 5", "match accuracy 1.000", f"demo: {after['log']}"):
        assert text in shown.stdout
    full = run("runs", "--eval", "e", env={"COLUMNS": "200"}).stdout
    for text in ("Ledger", "dead-lettered", "Metrics", "stderr", after["log"]):
        assert text in full


def test_looking_disturbs_no_worker(run, broker, five):
    run("publish", five, "--scorer", "match")
    run("runs")
    work(Path("scored"))
    assert len(list(Path("scored").iterdir())) == 1
    assert json.loads(run("runs", "--json").stdout)[0]["state"] == "written"


def test_an_eval_that_is_not_there_is_an_error(run, broker, five):
    run("publish", five, "--scorer", "match")
    assert json.loads(run("runs", "--json", "--eval", "e1").stdout)[0]["eval_id"] == "e1"
    result = run("runs", "--eval", "\x1b[31mx")
    assert result.exit_code == 2
    assert "knows no eval '?[31mx'" in result.stderr


def test_a_broker_folder_that_is_not_there_is_not_made(run, folder):
    result = run("runs", "--broker", f"embedded://{folder}/none")
    assert (result.exit_code, (folder / "none").exists()) == (0, False)


def test_memory_has_nothing_to_show(run, folder):
    result = run("runs", "--broker", "memory://")
    assert result.exit_code == 2
    assert "memory:// ends with the command" in result.stderr


def test_a_run_of_which_nothing_came_for_the_deadline_is_silent(run, append):
    append("metrics", MetricsUpdated(eval_id="e1").to_bytes())
    assert json.loads(run("runs", "--json", "--eval-deadline", "0.001").stdout)[0]["state"] == "silent"
    assert json.loads(run("runs", "--json", "--eval-deadline", "9999").stdout)[0]["state"] == "running"


def test_hostile_events_are_shown_as_plain_text(run, append):
    scores = [
        {"name": EVIL, "reducer": EVIL, "metrics": {EVIL: {"value": EVIL}, "n": {"value": float("nan")}, "x": 3}},
        {"name": 5, "metrics": [EVIL]},
        {},
    ]
    ledger = [LedgerEntry(scorer=EVIL, received=1, scored=0, unscored=0, failed=1, dead_lettered=0)]
    append("metrics", MetricsUpdated(eval_id=EVIL, run_id=EVIL, scores=scores, ledger=ledger).to_bytes(), b"junk", b"")
    append("logs", LogMaterialised(eval_id=EVIL, run_id=EVIL, location=EVIL, sha256="", status=EVIL).to_bytes())
    for arguments in (["runs"], ["runs", "--eval", EVIL]):
        result = run(*arguments, env={"COLUMNS": "250"})
        assert result.exit_code == 0
        assert not set(result.stdout) & {"\x1b", "\x07"}
        assert "?[31mred?[bold]b[/bold] :smile: next" in result.stdout
    assert json.loads(run("runs", "--json").stdout)[0]["scores"][0]["metrics"]["n"]["value"] is None


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_any_width_of_terminal_does(width, capsys):
    entry = LedgerEntry(scorer="a scorer " * 9, expected=None, received=1, scored=0, unscored=2, failed=1,
                        dead_lettered=3)  # fmt: skip
    row = RunRow("id" * 30, "again", "silent", "task", "m", "error", None, 1, 2, [entry],
                 [{"name": "n" * 50, "metrics": {"m": {"value": 1}}}], "/very/long/" * 30, 5)  # fmt: skip
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    print_runs(console, [row], 10)
    print_details(console, [row], 10)
    text = capsys.readouterr().out
    assert text.count("/very/long/" * 30) == 2
    assert "2 samples lack some of their epochs" in " ".join(text.split())
