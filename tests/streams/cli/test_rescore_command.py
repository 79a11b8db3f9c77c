"""``evalstream rescore``: what it says, and what it does not do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evalstream.streams.events import EvalStarted
from evalstream.streams.publish.events_of_log import of_eval
from evalstream.streams.settings import Settings
from evalstream.streams.topics import EVALS
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.embedded import worker_lock

from .helpers import LINES, log_of, sample


@pytest.fixture
def broker(folder, tmp_path_factory, monkeypatch) -> str:
    """An embedded broker with nothing on it, which commands find by themselves."""
    url = f"embedded://{tmp_path_factory.mktemp('broker')}"
    monkeypatch.setenv("EVALSTREAM_BROKER", url)
    return url


@pytest.fixture
def kafka(folder, kafka_broker, topic_prefix, monkeypatch, run) -> str:
    """A Kafka with this test's topics, which commands find by themselves."""
    monkeypatch.setenv("EVALSTREAM_BROKER", f"kafka://{kafka_broker}")
    monkeypatch.setenv("EVALSTREAM_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("EVALSTREAM_PARTITIONS", "2")
    run("topics", "create")
    return f"kafka://{kafka_broker}"


@pytest.fixture
def published(broker, five, run) -> str:
    """An eval of five samples on the broker; its id."""
    assert run("publish", five, "--scorer", "match").exit_code == 0
    return "e1"


@pytest.fixture
def publish(folder, run) -> Callable[..., None]:
    """Return a function that publishes an eval of one sample by its id and its task."""

    def to_broker(eval_id: str, task: str) -> None:
        log = log_of([sample(1)])
        log["eval"] |= {"eval_id": eval_id, "task": task}
        path = folder / f"{eval_id}.json"
        path.write_text(json.dumps(log))
        assert run("publish", path, "--scorer", "match").exit_code == 0

    return to_broker


def work(log_dir: Path) -> None:
    """Run a worker until it has nothing to do, in a process of its own."""
    line = [sys.executable, "-c", LINES, "worker", "--log-dir", str(log_dir), "--exit-when-idle", "1"]
    subprocess.run(line, check=True, timeout=120, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def check_error(result, *texts: str) -> None:
    """It ended by a message without a traceback, and nothing is left of it."""
    assert (result.exit_code, result.stdout) == (2, "")
    for text in texts:
        assert text in result.stderr
    assert "Traceback" not in result.stderr
    assert not Path(".evalstream").exists()


def test_the_report_names_the_metrics_and_the_log(run, published):
    result = run("rescore", "e1", "--display", "none")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("demo")
    (log,) = Path("logs").iterdir()
    assert f"Scored log: {log}" in result.stdout
    assert "_t1_rescore-" in log.name


def test_for_machines_there_is_one_object(run, published, scorer_file):
    file = scorer_file("print('noise')\nreturn Score(value=1)")
    result = run("rescore", "e1", "--scorer", file, "--json", "--output-file", "o.json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["eval_id"], report["output"], report["samples"]) == ("e1", "o.json", 5)
    assert report["run_id"].startswith("rescore-")
    assert report["results"][0]["scorer"] == "made"
    assert json.loads(Path("o.json").read_text())["eval"]["scorers"][0]["name"] == "made"


def test_failed_samples_are_in_the_exit_code_and_the_report(run, published, scorer_file):
    file = scorer_file("if state.sample_id == 2: raise ValueError('two is odd')\nreturn Score(value=1)")
    result = run("rescore", "e1", "--scorer", file, "--scoring-attempts", 1)
    assert result.exit_code == 1
    assert "made: sample 2 epoch 1: ValueError: two is odd" in result.stdout


@pytest.mark.parametrize("kind", ["broker", "kafka"])
def test_the_run_is_among_the_runs_under_its_own_name(run, five, request, kind):
    request.getfixturevalue(kind)
    run("publish", five, "--scorer", "match")
    work(Path("scored"))
    report = json.loads(run("rescore", "demo", "--scorer", "f1", "--json", "--display", "none").stdout)
    rows = {row["run_id"]: row for row in json.loads(run("runs", "--json").stdout)}
    assert rows.keys() == {"live", report["run_id"]}
    row = rows[report["run_id"]]
    assert (row["eval_id"], row["task"], row["state"], row["log"]) == ("e1", "demo", "written", report["output"])
    assert (row["received"], row["expected"], row["scores"]) == (5, 5, report["results"])
    assert rows["live"]["scores"][0]["scorer"] == "match"
    assert f"run {report['run_id']}" in run("runs", "--eval", "e1", env={"COLUMNS": "200"}).stdout


def test_a_log_that_cannot_be_written_is_written_by_the_same_command_later(run, published, scorer_file):
    calls = "open('calls', 'a').write('x')\nif not os.path.exists('mended'): shutil.rmtree('out', ignore_errors=True)"
    file = scorer_file(f"import shutil\n{calls}\nreturn Score(value=1)")
    Path("out").mkdir()
    command = ("rescore", "e1", "--scorer", file, "--output-file", "out/o.eval")
    first = run(*command)
    assert (first.exit_code, first.stdout) == (2, "")
    assert "is not finished: the same command goes on with it" in first.stderr
    assert "Create the folder first" in first.stderr
    Path("mended").touch()
    Path("out").mkdir()
    second = run(*command)
    assert second.exit_code == 0, second.stderr
    assert "Note: going on with run rescore-" in second.stderr
    assert Path("calls").read_text() == "x" * 5
    assert Path("out/o.eval").exists()


def test_the_same_command_again_is_another_run(run, published):
    command = ("rescore", "e1", "--json", "--display", "none")
    first, second = (json.loads(run(*command).stdout) for _ in range(2))
    assert first["run_id"] != second["run_id"]
    assert Path(first["output"]).read_bytes() == Path(second["output"]).read_bytes()


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ("abc3", "Did you mean 'abc1' (sums), 'abc2' (sums)?"),
        ("smus", "Did you mean 'abc1' (sums), 'abc2' (sums)?"),
        ("qqqq", "There is 'abc1' (sums), 'abc2' (sums), 'xyz' (words)."),
        ("ab", "'ab' may be 'abc1' (sums), 'abc2' (sums): name one of them by its id."),
        ("sums", "'sums' may be 'abc1' (sums), 'abc2' (sums): name one of them by its id."),
        ("", "There is 'abc1' (sums), 'abc2' (sums), 'xyz' (words)."),
        ("\x1b[31mx", "knows no eval '\\x1b[31mx'."),
    ],
)
def test_an_eval_that_is_not_meant_clearly_is_an_error_that_names_evals(run, broker, publish, wanted, text):
    for eval_id, task in (("abc1", "sums"), ("abc2", "sums"), ("xyz", "words")):
        publish(eval_id, task)
    check_error(run("rescore", wanted), text)


@pytest.mark.parametrize("wanted", ["xyz", "x", "words"])
def test_an_eval_may_be_named_by_id_beginning_or_task(run, broker, publish, wanted):
    publish("abc1", "sums")
    publish("xyz", "words")
    result = run("rescore", wanted, "--json", "--display", "none")
    assert json.loads(result.stdout)["eval_id"] == "xyz"


def test_an_eval_that_still_runs_is_an_error(run, broker):
    client = open_client(Settings(broker=broker))
    client.append(EVALS.name, [of_eval(EvalStarted(eval_id="e1"))])
    client.close()
    check_error(run("rescore", "e1"), "Eval 'e1' is still running", "evalstream runs --eval e1")


def test_a_broker_without_evals_is_an_error(run, broker):
    check_error(run("rescore", "e1"), "There are no evals on embedded://", "evalstream publish")


def test_a_broker_folder_that_is_not_there_is_an_error_and_not_made(run, folder):
    check_error(run("rescore", "e1", "--broker", f"embedded://{folder}/none"), "There is no broker in")
    assert not (folder / "none").exists()


def test_memory_has_nothing_to_score(run, folder):
    check_error(run("rescore", "e1", "--broker", "memory://"), "memory:// ends with the command")


def test_kafka_without_topics_is_an_error(run, folder, kafka_broker, topic_prefix):
    result = run("rescore", "e1", "--broker", f"kafka://{kafka_broker}", "--topic-prefix", topic_prefix)
    check_error(result, "There is no topic 'evals'", "check --broker and --topic-prefix")


def test_a_kafka_that_is_not_there_is_an_error(spawn):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    done = spawn("rescore", "e1", "--broker", f"kafka://{address}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: No Kafka can be reached at kafka://{address}")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--scorer", "mtach"], "There is no scorer named 'mtach'. Did you mean 'match' or 'math'?"),
        (["--metric", "acuracy"], "'acuracy'"),
        (["--epochs-reducer", "meen"], "'meen'"),
        (["-S", "location=any"], "add --scorer NAME"),
        (["--output-file", "o.txt"], "a log's name ends in .eval or .json"),
        (["--output-file", "none/o.eval"], "Create the folder first"),
        (["--output-file", "log.json"], "log.json: this file exists already"),
        (["--work-dir", "log.json"], "log.json/"),
    ],
)
def test_what_makes_no_sense_is_an_error(run, published, arguments, text):
    check_error(run("rescore", "e1", *arguments), text)


@pytest.fixture
def apart(spawn, broker) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command in a process of its own, on the same broker."""
    return lambda *arguments: spawn(*arguments, env={**os.environ, "EVALSTREAM_BROKER": broker})


def test_a_scorer_of_the_eval_that_is_not_known_here_is_an_error(apart, folder, scorer_file):
    log = log_of([sample(1)])
    (folder / "one.json").write_text(json.dumps(log))
    file = scorer_file("return Score(value=1)", decorator="@scorer(metrics=[accuracy()], name='stranger')")
    assert apart("publish", "one.json", "--scorer", file).returncode == 0
    done = apart("rescore", "e1")
    assert done.returncode == 2
    assert "There is no scorer named 'stranger'" in done.stderr
    assert "--scorer file.py" in done.stderr
    assert "Traceback" not in done.stderr


KILLED = "os.kill(os.getppid(), signal.SIGKILL)\nawait asyncio.sleep(9)"


def test_two_at_once_do_not_meet(apart, published, scorer_file):
    # The first one is killed, so that its folder is there.
    arguments = ("rescore", "e1", "--scorer", scorer_file(KILLED), "--work-dir", "work")
    assert apart(*arguments).returncode == -9
    (left,) = Path("work").iterdir()
    with worker_lock(left.absolute()):
        done = apart(*arguments)
    assert done.returncode == 2
    assert f"The same rescoring runs already (process {os.getpid()}), in {left.absolute()}" in done.stderr


def test_a_folder_whose_file_is_damaged_is_an_error_that_says_which(apart, published, scorer_file):
    arguments = ("rescore", "e1", "--scorer", scorer_file(KILLED), "--work-dir", "work")
    assert apart(*arguments).returncode == -9
    (left,) = Path("work").iterdir()
    (left / "run.json").write_text("{")
    done = apart(*arguments)
    assert done.returncode == 2
    assert f"Remove the folder {left.absolute()} to begin anew" in done.stderr
    assert "Traceback" not in done.stderr
