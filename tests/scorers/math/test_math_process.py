"""The scorer `math` and its child processes: what hangs is ended, and costs one sample."""

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from waiting import wait_for

from evalstream.scorers import MathProcessError, SampleError, TaskState, math, run_now
from evalstream.scorers.math.child import serve
from evalstream.scorers.math.processes import MathProcesses, Request
from evalstream.scorers.run import SuspendedError, never_suspends
from evalstream.scorers.value import is_unscored

HANGS = ("(x+y+z+w)^400", "(x+y+z+w+1)^399")
"""A completion and a target that SymPy would compare for longer than anybody waits."""

FOR_EVER = 300.0


@pytest.fixture
def children():
    made = MathProcesses(most=1, idle_seconds=0.2)
    yield made
    wait_for(lambda: not made.pids, "the children to end")


def is_running(pid):
    """Tell whether a process runs; one that has ended, and that nobody has asked about, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def score(completion, target, timeout=20.0):
    state = TaskState(output=completion, target=target)
    return asyncio.run(math(timeout=timeout)(state, state.target))


def test_a_child_is_used_again(children):
    assert children.submit(Request("1", ["1"], FOR_EVER)).result().verdict == ["correct", "1", None]
    (pid,) = children.pids
    assert children.submit(Request("2", ["1"], FOR_EVER)).result().verdict == ["incorrect", "2", None]
    assert children.pids == [pid]


def test_an_answer_that_hangs_is_ended_and_the_next_sample_is_scored(children):
    children.submit(Request("1", ["1"], FOR_EVER)).result()
    (pid,) = children.pids
    hanging = children.submit(Request(HANGS[0], [HANGS[1]], 0.2))
    following = children.submit(Request(r"\frac{1}{2}", ["0.5"], FOR_EVER))
    assert hanging.result().late == "answer"
    assert following.result().verdict[0] == "correct"
    assert not is_running(pid)
    assert children.pids != [pid]


def test_a_target_that_takes_too_long_is_told_apart(children):
    children.submit(Request("1", ["1"], FOR_EVER)).result()
    assert children.submit(Request("1", [r"\frac{x^2}{2}"] * 2000, 0.01)).result().late == "targets"


def test_children_end_when_there_is_nothing_to_do(children):
    children.submit(Request("1", ["1"], FOR_EVER)).result()
    (pid,) = children.pids
    wait_for(lambda: not is_running(pid), "the child to end")
    assert children.submit(Request("1", ["1"], FOR_EVER)).result().verdict[0] == "correct"


def test_work_is_shared_by_several_children():
    children = MathProcesses(most=2, idle_seconds=FOR_EVER)
    hanging = children.submit(Request(HANGS[0], [HANGS[1]], FOR_EVER))
    assert children.submit(Request("1", ["1"], FOR_EVER)).result().verdict[0] == "correct"
    assert not hanging.done()
    wait_for(lambda: len(children.pids) == 2 or hanging.done(), "a second child")
    for pid in children.pids:
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(MathProcessError, match="ended by itself, with the status -9"):
        hanging.result()


def test_a_child_that_died_meanwhile_is_replaced(children):
    children.submit(Request("1", ["1"], FOR_EVER)).result()
    (pid,) = children.pids
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not children.pids, "the children to end")
    assert children.submit(Request("1", ["1"], FOR_EVER)).result().verdict[0] == "correct"


def test_a_request_that_nobody_waits_for_any_more_is_not_begun(children):
    hanging = children.submit(Request(HANGS[0], [HANGS[1]], 0.2))
    given_up = children.submit(Request("1", ["1"], FOR_EVER))
    assert given_up.cancel()
    assert hanging.result().late == "answer"


def test_a_child_sees_no_secrets(children, monkeypatch):
    monkeypatch.setenv("SERVICE_API_KEY", "hush")
    children.submit(Request("1", ["1"], FOR_EVER)).result()
    (pid,) = children.pids
    assert b"hush" not in Path(f"/proc/{pid}/environ").read_bytes()


def test_a_child_ends_when_its_parent_is_gone():
    code = (
        "import os\nfrom evalstream.scorers.math.processes import MathProcesses, Request\n"
        "made = MathProcesses(1)\nmade.submit(Request('1', ['1'], 60.0)).result()\n"
        "print(*made.pids, flush=True)\nos._exit(0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    wait_for(lambda: not is_running(int(done.stdout)), "the child to end")


def test_a_child_speaks_lines_of_json():
    requests = [
        {"completion": "½", "targets": ["@@", "x"], "seconds": 1},
        {"completion": "1", "targets": ["@@"], "seconds": 1},
        {"completion": "\ud83d", "targets": ["1"], "seconds": 1},
    ]
    answers = io.BytesIO()
    serve(io.BytesIO(b"".join(json.dumps(request).encode() + b"\n" for request in requests)), answers)
    said = [json.loads(line) for line in answers.getvalue().splitlines()]
    assert said[:2] == [{"ready": None}, {"targets": None}]
    assert said[2][0] == "answer_parse_error"
    assert "neither a formula nor words" in said[3]["targets"]
    assert [type(line) for line in said[4:]] == [dict, list]


def test_scores_tell_how_it_went():
    right = score(r"So \boxed{\frac{2}{4}}", ["7", "0.5"])
    assert (right.value, right.answer, right.explanation) == ("C", r"\frac{2}{4}", r"So \boxed{\frac{2}{4}}")
    assert (right.reason, right.metadata) == (None, {"math_scorer_status": "correct"})
    wrong = score("The answer is 3.", "2")
    assert (wrong.value, wrong.answer, wrong.metadata) == ("I", "3", {"math_scorer_status": "incorrect"})
    unreadable = score("@@", "2")
    assert (unreadable.value, unreadable.answer, unreadable.reason) == ("I", "@@", "invalid_response_format")
    assert unreadable.metadata == {"math_scorer_status": "answer_parse_error"}
    late = score(*HANGS, timeout=0.3)
    assert (late.value, late.answer, late.reason) == ("I", None, None)
    assert late.metadata == {"math_scorer_status": "answer_timeout"}
    assert late.explanation == "The answer took longer than 0.3 s."
    unscored = score("1", [r"\frac{x^2}{2}"] * 2000, timeout=0.01)
    assert is_unscored(unscored.value)
    assert unscored.metadata == {"math_scorer_status": "target_timeout"}


def test_a_sample_without_a_target_that_can_be_read_says_so():
    with pytest.raises(SampleError, match='Sample 1, epoch 1: "target" cannot be read as mathematics: it is neither'):
        score("1", "@@")


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_must_be_positive(timeout):
    with pytest.raises(ValueError, match="must be a positive number of seconds"):
        math(timeout=timeout)


def test_it_waits_so_it_never_runs_on_the_worker_s_own_loop():
    assert not never_suspends(math())
    state = TaskState(output="1", target="1")
    with pytest.raises((SuspendedError, RuntimeError)):
        run_now(math()(state, state.target))


def test_without_the_extra_the_message_names_it(tmp_path):
    installed = Path(sysconfig.get_path("purelib"))
    for item in installed.iterdir():
        if not item.name.startswith(("latex2sympy2", "__editable__", "_evalstream", "evalstream")):
            (tmp_path / item.name).symlink_to(item)
    root = Path(__file__).parents[3]
    code = "from evalstream.scorers import resolve_scorer\nresolve_scorer('math')"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": os.pathsep.join([str(root), str(tmp_path)]), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "evalstream.scorers.errors.MissingExtraError: The scorer 'math' needs the extra 'math' (latex2sympy2-extended"
        " is not installed): pip install 'evalstream[math]'"
    )


def test_text_scorers_import_nothing_of_it():
    code = (
        "import sys, evalstream.scorers as s\nstate = s.TaskState(output='1', target='1')\n"
        "s.run_now(s.match()(state, state.target))\nprint(*sys.modules)"
    )
    # Without coverage, which imports some of it.
    env = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    unwanted = {"sympy", "latex2sympy2_extended", "antlr4", "multiprocessing", "subprocess", "asyncio", "inspect_scout"}
    assert not unwanted & set(done.stdout.split())
