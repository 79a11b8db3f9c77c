"""Whatever is wrong with logs, scorers or disks: one clear message, the right exit code, and no log is harmed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from .helpers import sample

LOGS = Path(__file__).parent.parent.parent / "data" / "logs"


def assert_refused(result, *words):
    """One line says what and where; nothing on standard output; exit code 2."""
    code, out, err = outcome(result)
    assert code == 2, (out, err)
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1, err
    assert_says(err, *words)


def assert_says(text, *words):
    assert "Traceback" not in text
    for word in words:
        assert word in text, (word, text)


def outcome(result):
    if isinstance(result, subprocess.CompletedProcess):
        return result.returncode, result.stdout, result.stderr
    return result.exit_code, result.stdout, result.stderr


def ledger(result):
    """The numbers of the only scorer's ledger, from --json."""
    (log,) = json.loads(outcome(result)[1])["logs"]
    (entry,) = log["ledger"]
    return {key: entry[key] for key in ("expected", "scored", "failed", "dead_lettered")}


def values(path, scorer="made"):
    log = read_eval_log(str(path))
    return {f"{s.id}/{s.epoch}": s.scores[scorer].value if scorer in (s.scores or {}) else None for s in log.samples}


# Files that are no logs


def test_a_missing_log(run, five):
    assert_refused(run("score", "lag.json", "--scorer", "match"), "lag.json", "no such file", "Did you mean log.json")


def test_a_folder_without_logs(run, folder):
    (folder / "empty").mkdir()
    (folder / "empty" / "other.json").write_text('{"not": "a log"}')
    assert_refused(run("score", "empty", "--scorer", "match"), "empty", "no log in this folder")


def test_a_pattern_that_fits_nothing(run, folder):
    assert_refused(run("score", "*.eval"), "*.eval", "no file fits this pattern")


def test_no_log_at_all(run, folder):
    assert_refused(run("score"), "There is no log in logs", "INSPECT_LOG_DIR")


@pytest.mark.parametrize("name", ["empty.eval", "empty.json"])
def test_an_empty_file(run, folder, name):
    (folder / name).touch()
    assert_refused(run("score", name), name, "empty")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_zip_that_was_cut_short(run, folder, share):
    data = (LOGS / "b_unscored.eval").read_bytes()
    (folder / "cut.eval").write_bytes(data[: int(len(data) * share)])
    assert_refused(run("score", "cut.eval"), "cut.eval", "backup")


def test_a_zip_that_is_no_log(run, folder):
    with zipfile.ZipFile(folder / "other.eval", "w") as file:
        file.writestr("hello.txt", "hello")
    assert_refused(run("score", "other.eval"), "other.eval")


@pytest.mark.parametrize(
    "text", ["[]", "{}", "hello", '{"version": 2', '{"version": 3, "eval": {}}', '{"version": 2, "eval": 5}']
)
def test_json_that_is_no_log(run, folder, text):
    (folder / "other.json").write_text(text)
    assert_refused(run("score", "other.json", "--scorer", "match"), "other.json")


def test_a_log_without_samples(run, make_log):
    assert_refused(run("score", make_log(), "--scorer", "match"), "log.json", "no samples")


def test_one_bad_log_does_not_stop_the_others(run, five, folder):
    (folder / "bad.eval").write_bytes(b"PK\x03\x04")
    result = run("score", "bad.eval", five, "missing.json", "--scorer", "match", "--display", "none")
    assert result.exit_code == 2
    assert_says(result.stderr, "bad.eval", "missing.json")
    assert_says(result.stdout, "log-scored.json")
    assert set(values("log-scored.json", "match").values()) == {"C"}


# Logs that are odd


def broken_eval(path, broken):
    """Copy a log, with other bytes for one sample."""
    shutil.copy(LOGS / "b_unscored.eval", path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("samples/s03_epoch_1.json", broken)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("broken", [b'{"id": "s03", "epoch": 1, "target": ', b"\xff\xfe", b"[]", b'{"epoch": 1}', b""])
def test_broken_json_in_one_sample(run, folder, broken):
    broken_eval(folder / "broken.eval", broken)
    before = (folder / "broken.eval").read_bytes()
    result = run("score", "broken.eval", "--scorer", "match", "--display", "none", "--json")
    assert result.exit_code == 1
    assert ledger(result) == {"expected": 60, "scored": 59, "failed": 0, "dead_lettered": 1}
    assert (folder / "broken.eval").read_bytes() == before
    assert sum(value is not None for value in values("broken-scored.eval", "match").values()) == 59


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_broken_sample_is_named(run, folder):
    broken_eval(folder / "broken.eval", b"{")
    assert "samples/s03_epoch_1.json" in run("score", "broken.eval", "--scorer", "match").stdout


@pytest.mark.parametrize("status", ["started", "error", "cancelled"])
def test_a_log_of_an_eval_that_did_not_end_well_is_scored_with_a_note(run, make_log, status):
    error = {"message": "Traceback\n\x1b[31mRuntimeError: out of\x07 money", "traceback": "", "traceback_ansi": ""}
    log = make_log(sample(1), sample(2), status=status, **({"error": error} if status == "error" else {}))
    result = run("score", log, "--scorer", "match")
    assert result.exit_code == 0
    assert_says(result.stderr, "Note: log.json", "2 samples")
    assert "\x1b" not in result.stderr
    assert "\x07" not in result.stderr
    scored = read_eval_log("log-scored.json")
    assert scored.status == status
    assert scored.results.scores[0].metrics["accuracy"].value == 1


def test_duplicate_samples(run, make_log):
    log = make_log(sample(1), sample(1), sample(2))
    result = run("score", log, "--scorer", "match", "--json")
    assert result.exit_code in {0, 1}
    assert read_eval_log("log-scored.json").results.scores[0].scored_samples == 2


@pytest.mark.parametrize("target", [None, 5, 1.5, True, {"a": 1}, [1, 2], [["a"]]])
def test_a_target_of_another_type_fails_its_own_sample_only(run, make_log, target):
    log = make_log(sample(1), sample(2, target=target), sample(3))
    result = run("score", log, "--scorer", "match", "--json")
    assert result.exit_code in {0, 1}
    numbers = ledger(result)
    assert numbers["scored"] >= 2
    assert numbers["scored"] + numbers["failed"] + numbers["dead_lettered"] == 3
    scored = json.loads(Path("log-scored.json").read_text())
    assert scored["samples"][1]["target"] == target


@pytest.mark.parametrize(
    "output", [None, "It is 2", [], {}, {"choices": "none"}, {"completion": 5}, {"choices": [{"message": 5}]}]
)
def test_an_output_of_another_type_fails_its_own_sample_only(run, make_log, output):
    log = make_log(sample(1), sample(2, output=output), sample(3))
    result = run("score", log, "--scorer", "match", "--json")
    assert result.exit_code in {0, 1}
    numbers = ledger(result)
    assert numbers["scored"] >= 2
    assert numbers["scored"] + numbers["failed"] + numbers["dead_lettered"] == 3


MEMBERS = ["messages", "metadata", "scores", "input", "choices", "store", "events", "error", "model_usage"]


@pytest.mark.parametrize("member", MEMBERS)
@pytest.mark.parametrize("value", [5, "text", [5], {"a": 5}])
def test_members_of_other_types_fail_their_own_sample_only(run, make_log, member, value):
    log = make_log(sample(1), sample(2, **{member: value}), sample(3))
    result = run("score", log, "--scorer", "match", "--metric", "accuracy", "--json")
    assert result.exit_code in {0, 1}
    numbers = ledger(result)
    assert numbers["scored"] >= 2
    assert numbers["scored"] + numbers["failed"] + numbers["dead_lettered"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"eval": {"scorers": "match"}}, {"eval": {"scorers": [5]}}, {"eval": {"scorers": [{"name": None}]}},
        {"eval": {"scorers": [{"name": "match", "options": [1]}]}},
        {"eval": {"scorers": [{"name": "match", "metrics": 5}]}},
        {"eval": {"scorers": [{"name": "pattern", "options": {"pattern": "("}}]}}, {"eval": {"config": []}},
        {"results": []}, {"results": {"scores": 5}}, {"plan": []}, {"plan": {"steps": [5]}},
        {"eval": {"config": {"epochs_reducer": 5}}}, {"eval": {"config": {"epochs_reducer": ["nothing"]}}},
        {"eval": {"config": {"epochs": "two"}}}, {"eval": {"metrics": 5}}, {"eval": {"dataset": 5}}, {"stats": 5},
        {"status": 5}, {"error": 5}, {"tags": 5},
    ],
)  # fmt: skip
def test_a_header_of_odd_types_is_refused_or_scored(run, make_log, change):
    make_log(sample(1), sample(2))
    log = json.loads(Path("log.json").read_text())
    for key, value in change.items():
        log[key] = {**log[key], **value} if key == "eval" else value
    samples = log.pop("samples")
    Path("log.json").write_text(json.dumps({**log, "samples": samples}))
    scorers = [] if "scorers" in change.get("eval", {}) else ["--scorer", "match"]
    result = run("score", "log.json", *scorers, "--action", "overwrite")
    if result.exit_code == 2:
        assert_refused(result, "log.json")
    else:
        assert result.exit_code == 0


# Wrong arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--scorer", "mach"], ["'mach'", "Did you mean 'match'"]),
        (["--scorer", "zzzz"], ["'zzzz'", "match", "includes", "file.py"]),
        (["--scorer", "nobody/match2"], ["nobody/match2"]),
        (["--scorer", "nobody/zz"], ["'nobody/zz'", "No package 'nobody' is installed"]),
        (["--scorer", "click/zz"], ["'click/zz'", "The package 'click' names no scorers by an entry point"]),
        (["--scorer", "missing.py"], ["missing.py", "cannot be read"]),
        (["--scorer", "match", "-S", "location"], ["'location'", "key=value"]),
        (["--scorer", "match", "-S", "location=[a"], ["location=[a", "YAML"]),
        (["--scorer", "match", "-S", "locaton=any"], ["locaton", "Did you mean location"]),
        (["--scorer", "match", "--scorer", "includes", "-S", "where=any"], ["where", "match takes", "includes takes"]),
        (["--scorer", "match", "-S", "location=nowhere"], ["match", "nowhere"]),
        (["--scorer", "pattern"], ["pattern"]),
        (["--scorer", "pattern", "-S", "pattern=("], ["pattern", "unterminated"]),
        (["-S", "location=any"], ["-S", "--scorer"]),
        (["--scorer", "match", "--metric", "acuracy"], ["'acuracy'", "Did you mean 'accuracy'"]),
        (["--scorer", "match", "--metric", "zzzz"], ["'zzzz'", "accuracy"]),
        (["--scorer", "match", "--epochs-reducer", "avg"], ["avg"]),
        (["--scorer", "match", "--epochs-reducer", ""], ["--epochs-reducer"]),
        (["--scorer", "match", "--epochs-reducer", "pass_at_7"], ["pass_at_7"]),
        ([], ["log.json", "--scorer"]),
        (["--scorer", "match", "--output-file", "missing/out.json"], ["missing/out.json", "Create the folder"]),
        (["--scorer", "match", "--output-file", "log.json/out.json"], ["log.json/out.json", "is a file"]),
        (["--scorer", "match", "--output-file", "."], [".: this is a folder"]),
        (["--scorer", "match", "--output-file", "/dev/full"], ["/dev/full", "not a regular file"]),
        (["--scorer", "match", "--output-file", "out.txt"], ["out.txt", ".eval or .json"]),
    ],
)  # fmt: skip
def test_arguments_that_make_no_sense(run, five, folder, arguments, words):
    assert_refused(run("score", five, *arguments), *words)
    assert sorted(path.name for path in folder.iterdir()) == ["log.json"]


def test_a_list_of_scorers_has_each_once_by_its_present_name(run, five):
    said = run("score", five, "--scorer", "zzzz").stderr
    names = said.partition("There are ")[2].partition(";")[0].split(", ")
    assert names.count("choice") == 1 and "exact" in names and "choices" not in names


@pytest.mark.parametrize(
    ("name", "hint"),
    [("scor", "Did you mean score?"), ("sample", "Did you mean samples?"), ("zzz", "There are score, info,")],
)
def test_a_command_that_is_not_there(run, name, hint):
    result = run(name, "log.json")
    assert result.exit_code == 2
    assert f"There is no command {name!r}. {hint}" in result.stderr


def test_one_output_for_several_logs(run, make_log):
    logs = make_log(sample(1), name="a.json"), make_log(sample(1), name="b.json")
    assert_refused(run("score", *logs, "--scorer", "match", "--output-file", "out.json"), "--output-file", "2 logs")


@pytest.mark.parametrize(
    "arguments", [["--action", "replace"], ["--scorer-timeout", "0"], ["--scorer-timeout", "nan"], ["--nonsense"]]
)
def test_options_that_click_refuses(run, five, arguments):
    result = run("score", five, *arguments)
    assert result.exit_code == 2
    assert_says(result.stderr, "Error: ")


def test_a_folder_that_may_not_be_written(run, five, folder, monkeypatch):
    (folder / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("closed"))  # root may write anywhere
    result = run("score", five, "--scorer", "match", "--output-file", "closed/out.json")
    assert_refused(result, "closed/out.json", "permission")


# Files of scorers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def broken(:\n", ["own.py:1", "not Python"]),
        ("\x00", ["own.py", "not Python"]),
        ("x = 1\n", ["own.py", "no scorer"]),
        ("import os\nraise RuntimeError('no luck')\n", ["own.py:2", "no luck"]),
        ("import nowhere_to_be_found\n", ["own.py:1", "nowhere_to_be_found"]),
        ("raise SystemExit(3)\n", ["own.py:1", "SystemExit"]),
        ("from evalstream.scorers import *\n"
         "@scorer(metrics=[])\ndef a():\n    pass\n@scorer(metrics=[])\ndef b():\n    pass\n",
         ["own.py@a", "own.py@b"]),
        ("from evalstream.scorers import *\n@scorer(metrics=[accuracy()])\ndef a():\n    raise ValueError('no key')\n",
         ["'a'", "no key"]),
    ],
)  # fmt: skip
def test_files_that_give_no_scorer(run, five, folder, text, words):
    (folder / "own.py").write_text(text)
    assert_refused(run("score", five, "--scorer", "own.py"), *words)


def test_a_file_without_the_scorer_that_is_named(run, five, scorer_file):
    scorer_file("return Score(value=1)")
    assert_refused(run("score", five, "--scorer", "made.py@mode"), "made.py", "'mode'", "made.py@made")


def test_two_scorers_of_one_name(run, five, scorer_file):
    scorer_file("return Score(value=1)", name="one.py")
    scorer_file("return Score(value=0)", name="two.py")
    result = run("score", five, "--scorer", "one.py", "--scorer", "two.py")
    assert_refused(result, "one.py", "'made'", "rename")


# Scorers, metrics and reducers that fail


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('no \\x1b[31mluck\\n[bold]here')", ["RuntimeError", "no ?[31mluck [bold]here"]),
        ("raise RuntimeError()", ["RuntimeError"]),
        ("raise KeyboardInterruptLike()", ["NameError"]),
        ("return 'C'", ["str", "not a Score"]),
        ("return {'value': 1}", ["dict", "not a Score"]),
        ("return Score(value=[[1]])", ["value"]),
        ("return Score(value=None)", ["value"]),
        ("await asyncio.sleep(3600)", ["TimeoutError", "0.5 s"]),
        ("state.scores['made'] = Score(value=1)\nreturn Score(value=1)", ["modified state.scores"]),
        ("raise asyncio.CancelledError()", ["cancelled itself"]),
        ("raise SystemExit(4)", ["SystemExit"]),
    ],
)  # fmt: skip
def test_a_scorer_that_fails_on_one_sample(run, five, scorer_file, body, words):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    file = scorer_file(f"if state.sample_id == 3:\n{lines}\nreturn Score(value='C')")
    before = five.read_bytes()
    result = run("score", five, "--scorer", file, "--scorer-timeout", "0.5")
    assert result.exit_code == 1, result.output
    assert_says(result.stdout, "sample 3", "Scored log: log-scored.json", *words)
    assert "\x1b" not in result.output
    assert values("log-scored.json") == {"1/1": "C", "2/1": "C", "3/1": None, "4/1": "C", "5/1": "C"}
    assert five.read_bytes() == before


def test_a_scorer_that_blocks_on_one_sample(spawn, five, scorer_file):
    file = scorer_file("if state.sample_id == 3:\n    time.sleep(3600)\nreturn Score(value='C')")
    result = spawn("score", five, "--scorer", file, "--scorer-timeout", "0.5", "--json")
    assert result.returncode == 1, result.stderr
    assert ledger(result) == {"expected": 5, "scored": 4, "failed": 1, "dead_lettered": 0}
    assert values("log-scored.json") == {"1/1": "C", "2/1": "C", "3/1": None, "4/1": "C", "5/1": "C"}


def test_a_scorer_that_is_no_coroutine(run, five, folder):
    (folder / "own.py").write_text(
        "from evalstream.scorers import *\n@scorer(metrics=[accuracy()])\ndef plain():\n"
        "    def score(state, target):\n        return Score(value=1)\n    return score\n"
    )
    result = run("score", five, "--scorer", "own.py")
    assert result.exit_code in {1, 2}
    assert_says(result.output, "async def")


def test_all_samples_fail(run, five, scorer_file):
    result = run("score", five, "--scorer", scorer_file("raise ValueError('never')"), "--json")
    assert result.exit_code == 1
    assert ledger(result) == {"expected": 5, "scored": 0, "failed": 5, "dead_lettered": 0}
    assert set(values("log-scored.json").values()) == {None}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise RuntimeError('no luck')", ["'bad'", "no luck"]),
        ("return 'many'", ["'bad'", "many"]),
        ("return None", ["'bad'"]),
        ("return {'a': {'b': 1}}", ["'bad'"]),
        ("return object()", ["'bad'"]),
    ],
)
def test_a_metric_that_fails(run, five, folder, body, words):
    (folder / "own.py").write_text(
        "from evalstream.scorers import *\n@metric\ndef bad():\n"
        f"    def compute(scores: list[SampleScore]):\n        {body}\n    return compute\n"
    )
    result = run("score", five, "--scorer", "match", "--metric", "own.py")
    assert result.exit_code == 1
    assert_says(result.stdout, "No results", *words)
    scored = read_eval_log("log-scored.json")
    assert scored.status == "error"
    assert words[-1] in scored.error.message
    assert set(values("log-scored.json", "match").values()) == {"C"}


def test_a_reducer_that_fails(run, make_log, folder):
    (folder / "own.py").write_text(
        "from evalstream.scorers import *\n@score_reducer\ndef bad_reducer():\n"
        "    def reduce(scores):\n        raise RuntimeError('no luck')\n    return reduce\n"
        "@scorer(metrics=[accuracy()])\ndef own():\n"
        "    async def score(state, target):\n        return Score(value=1)\n    return score\n"
    )
    log = make_log(sample(1, 1), sample(1, 2), epochs=2)
    result = run("score", log, "--scorer", "own.py", "--epochs-reducer", "bad_reducer")
    assert result.exit_code == 1
    assert_says(result.stdout, "No results", "no luck")
    assert values("log-scored.json", "own") == {"1/1": 1, "1/2": 1}


# Disks and interruptions

KILL = """
if state.sample_id == {sample}:
    os.kill(os.getppid(), {number})
    await asyncio.sleep(3600)
return Score(value=1)
"""


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
@pytest.mark.parametrize("limit", [0, 1000, 60_000])
def test_a_disk_that_fills_up(spawn, folder, name, limit):
    shutil.copy(LOGS / name, folder / name)
    before = (folder / name).read_bytes()

    def little_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    result = spawn("score", name, "--overwrite", "--action", "overwrite", preexec_fn=little_space)
    assert_refused(result, name, "cannot be written", "ulimit")
    assert [path.name for path in folder.iterdir()] == [name]
    assert (folder / name).read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_while_scoring(spawn, five, folder, scorer_file, number):
    file = scorer_file(KILL.format(sample=3, number=int(number)))
    before = five.read_bytes()
    result = spawn("score", five, "--scorer", file, "--overwrite")
    assert result.returncode == 130, result.stderr
    assert result.stdout == ""
    assert_says(result.stderr, "Interrupted")
    assert five.read_bytes() == before
    assert sorted(path.name for path in folder.iterdir() if path.suffix == ".json") == ["log.json"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_while_writing(spawn, folder, number):
    shutil.copy(LOGS / "a_scored.eval", folder / "log.eval")
    before = (folder / "log.eval").read_bytes()
    patch = (
        "import os\nfrom evalstream.streams.cli.progress import ProgressView\n"
        "def on_writing(self, run, samples):\n"
        f"    if samples == 10: os.kill(os.getpid(), {int(number)})\n"
        "ProgressView.on_writing = on_writing\n"
    )
    result = spawn("score", "log.eval", "--overwrite", "--action", "overwrite", before=patch)
    assert result.returncode == 130, result.stderr
    assert_says(result.stderr, "Interrupted")
    assert [path.name for path in folder.iterdir()] == ["log.eval"]
    after = (folder / "log.eval").read_bytes()
    assert after == before or read_eval_log("log.eval").samples


def test_an_interruption_keeps_the_logs_that_are_complete(spawn, make_log, scorer_file):
    logs = [make_log(sample(number), name=f"{number}.json") for number in (1, 2, 3)]
    file = scorer_file(KILL.format(sample=2, number=int(signal.SIGINT)))
    result = spawn("score", *logs, "--scorer", file, "--json")
    assert result.returncode == 130
    first, second = json.loads(result.stdout)["logs"]
    assert first["output"] == "1-scored.json"
    assert second["error"] == "interrupted"
    assert Path("1-scored.json").exists()
    assert not Path("2-scored.json").exists()


def test_a_reader_that_leaves_early(five, folder):
    command = f"'{Path(sys.executable).parent / 'evalstream'}' score {five} --scorer match | true"
    result = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr
