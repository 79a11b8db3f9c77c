"""Files that are published with samples, and scorers that read them: by `score`, and through a worker."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log

from evalstream.scorers import SandboxError
from evalstream.scorers.sandbox.runner import Runner
from evalstream.streams.claims import ClaimStores
from evalstream.streams.cli import main
from evalstream.streams.events import Claim
from evalstream.streams.sandboxes.opening import OpenSandboxes

BODY = """
@scorer(metrics=[mean()])
def reader():
    async def score(state, target):
        box = sandbox()
        text = await box.read_file("out/answer.txt")
        large = await box.read_file("large.bin", text=False)
        other = await sandbox("db").read_file("rows.csv")
        try:
            await box.read_file("secret.txt")
        except FileNotFoundError:
            missing = 1
        return Score(value=len(large), answer=text, explanation=other, metadata={"missing": missing})
    return score

@scorer(metrics=[mean()])
def runner():
    async def score(state, target):
        await sandbox().write_file("more.txt", "more")
        done = await sandbox().exec(["cat", "out/answer.txt", "more.txt"])
        return Score(value=done.returncode, answer=done.stdout)
    return score
"""
OURS = "from evalstream.scorers import *\n" + BODY
THEIRS = "from inspect_ai.scorer import *\nfrom inspect_ai.util import sandbox\n" + BODY


@pytest.fixture
def roots(tmp_path):
    """Folders for samples 0 and s1, with a link to a secret; a database that all share."""
    for name in ("0", "s1", "2", "s3_epoch_1"):
        (tmp_path / "files" / name / "out").mkdir(parents=True)
        (tmp_path / "files" / name / "out" / "answer.txt").write_text(f"of {name}")
        (tmp_path / "files" / name / "large.bin").write_bytes(bytes(9000))
        (tmp_path / "files" / name / "secret.txt").symlink_to("/etc/passwd")
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "rows.csv").write_text("a,b")
    return [
        "--sandbox-root", tmp_path / "files", "--sandbox-root", f"db={tmp_path / 'db'}",
        "--sandbox-snapshot", "**/*.txt", "--sandbox-snapshot", "*.bin", "--sandbox-snapshot", "rows.csv",
    ]  # fmt: skip


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, result.output
    return result.output


def scores(path: Path, name: str) -> dict:
    return {sample.id: sample.scores[name] for sample in read_eval_log(str(path)).samples}


@pytest.fixture
def through_a_worker(tmp_path):
    def score(log, *arguments, worker=(), code=0):
        broker, file = f"embedded://{tmp_path / 'broker'}", arguments[arguments.index("--scorer") + 1]
        run("publish", log, "--broker", broker, *arguments)
        run("worker", "--broker", broker, "--log-dir", tmp_path / "scored", "--scorers", str(file).partition("@")[0],
            "--exit-when-idle", 0.1, *worker)  # fmt: skip
        [path] = (tmp_path / "scored").glob("*.eval")
        return path

    return score


@pytest.fixture
def by_one_command(tmp_path):
    def score(log, *arguments, worker=(), code=0):
        run("score", log, "--output-file", tmp_path / "out.eval", "--display", "none", *arguments, *worker, code=code)
        return tmp_path / "out.eval"

    return score


@pytest.fixture(params=["through_a_worker", "by_one_command"])
def scored(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("text", [OURS, THEIRS], ids=["ours", "inspect"])
def test_a_scorer_reads_the_files_of_its_sample(text, scored, roots, make_log, scorer_file):
    path = scored(make_log(samples=4), "--scorer", f"{scorer_file(text)}@reader", *roots)
    found = scores(path, "reader")
    assert {key: score.answer for key, score in found.items()} == {
        0: "of 0", "s1": "of s1", 2: "of 2", "s3": "of s3_epoch_1",
    }  # fmt: skip
    assert {(score.value, score.explanation, score.metadata["missing"]) for score in found.values()} == {
        (9000, "a,b", 1)
    }


@pytest.mark.parametrize("text", [OURS, THEIRS], ids=["ours", "inspect"])
def test_commands_run_where_they_are_allowed(text, scored, roots, make_log, scorer_file):
    log, file = make_log(samples=2), scorer_file(text)
    path = scored(log, "--scorer", f"{file}@runner", *roots, worker=("--sandbox", "local"))
    assert {score.answer for score in scores(path, "runner").values()} == {"of 0more", "of s1more"}


@pytest.mark.parametrize("text", [OURS, THEIRS], ids=["ours", "inspect"])
def test_commands_are_refused_otherwise_and_the_message_says_why(text, tmp_path, roots, make_log, scorer_file):
    log, file = make_log(samples=2), scorer_file(text)
    output = run("score", log, "--output-file", tmp_path / "o.eval", "--scorer", f"{file}@runner", *roots, code=1)
    assert "start evalstream with --sandbox docker" in output


@pytest.mark.parametrize("text", [OURS, THEIRS], ids=["ours", "inspect"])
def test_without_files_the_message_names_the_options(text, tmp_path, make_log, scorer_file):
    log, file = make_log(samples=2), scorer_file(text)
    output = run("score", log, "--output-file", tmp_path / "o.eval", "--scorer", f"{file}@reader", code=1)
    assert "--sandbox-snapshot" in output


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path, make_log, scorer_file):
    log, file = make_log(samples=2), scorer_file(OURS)
    options = ("--sandbox-root", tmp_path / "nowhere", "--sandbox-snapshot", "**")
    assert "there is no folder" in run("score", log, "--scorer", f"{file}@reader", *options, code=2)


def test_small_files_travel_in_their_events_and_large_ones_by_claims(tmp_path, roots, make_log, scorer_file):
    run("publish", make_log(samples=2), "--broker", f"embedded://{tmp_path / 'broker'}", "--scorer",
        f"{scorer_file(OURS)}@reader", *roots)  # fmt: skip
    [path] = (tmp_path / "broker").glob("*.sqlite*") or [None]
    with sqlite3.connect(path) as database:
        tables = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]
        values = [
            v for t in tables for row in database.execute(f"select * from {t}") for v in row if isinstance(v, bytes)
        ]
    [event, _] = [json.loads(value) for value in values if b"sample_completed" in value]
    files = event["sandboxes"]["default"]["files"]
    assert files["out/answer.txt"] == {"size": 4, "text": "of 0"}
    assert files["large.bin"]["claim"]["store"] == "blobs"
    assert "secret.txt" not in files


def opened(field: object) -> OpenSandboxes:
    return OpenSandboxes(json.dumps(field).encode(), "e", ClaimStores(), Runner())


@pytest.mark.parametrize(
    "field", [[], {"a": {"files": {"x": {"size": -1}}}}, {f"n{i}": {} for i in range(65)}],
    ids=["list", "size", "many"],
)  # fmt: skip
def test_what_is_no_snapshot_is_refused(field):
    with pytest.raises(SandboxError):
        opened(field).names()


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a/../b", ""])
def test_an_event_cannot_name_a_path_outside(path):
    box = opened({"default": {"files": {path: {"size": 0, "text": ""}}}}).get("default")
    with pytest.raises(SandboxError, match="no path inside a folder"):
        asyncio.run(box.read_file("x"))


def test_an_event_cannot_claim_from_a_store_that_is_not_there():
    claim = Claim(store="snapshots", key="0/default/x").model_dump()
    with pytest.raises(Exception, match="a store that this process does not have"):
        asyncio.run(opened({"default": {"files": {"x": {"size": 1, "claim": claim}}}}).get("default").read_file("x"))
