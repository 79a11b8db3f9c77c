import importlib.metadata
import json
import subprocess
import sys

import pytest

from evalstream.scorers import (
    InvalidOptionError,
    LoadError,
    TaskState,
    UnknownNameError,
    load_file,
    registry,
    resolve_metric,
    resolve_scorer,
    run_now,
)
from evalstream.scorers.load import load_source

SCORER = """
from evalstream.scorers import Score, Target, TaskState, accuracy, metric, scorer

@metric
def share_{name}():
    return lambda scores: 1.0

@scorer(metrics=[accuracy()])
def zeta_{name}(value="C"):
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=value)
    return score
"""
SECOND = """
@scorer(metrics=[accuracy()])
def alpha_{name}():
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="I")
    return score
"""


@pytest.fixture(autouse=True)
def restored_registry(monkeypatch):
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))


@pytest.fixture
def user_file(tmp_path):
    def write(text, name="mine.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_file_gives_what_it_defines_in_its_order(user_file):
    entries = load_file(user_file((SCORER + SECOND).format(name="order")))
    assert [(e.kind, e.name) for e in entries] == [
        ("metric", "share_order"),
        ("scorer", "zeta_order"),
        ("scorer", "alpha_order"),
    ]
    assert all(entry.package is None for entry in entries)


def test_the_only_scorer_of_a_file_needs_no_name(user_file):
    path = user_file(SCORER.format(name="only"))
    scorer = resolve_scorer(str(path), {"value": "P"})
    state = TaskState(output="x", target="y")
    assert run_now(scorer(state, state.target)).value == "P"
    assert registry.tag_of(scorer).options == {"value": "P"}
    assert registry.tag_of(resolve_metric(f"{path}@share_only")).entry.name == "share_only"
    assert registry.tag_of(resolve_metric(str(path))).entry.name == "share_only"


def test_a_file_that_is_named_again_has_its_names_again(user_file):
    first, second = (user_file(SCORER.format(name="again") + f"# {number}", f"again{number}.py") for number in (1, 2))
    made = [registry.tag_of(resolve_scorer(str(path))).entry for path in (first, second, first)]
    assert made[0] is made[2] is not made[1]
    assert registry.find("scorer", "zeta_again") is made[0]


def test_several_scorers_must_be_told_apart(user_file):
    path = user_file((SCORER + SECOND).format(name="two"))
    with pytest.raises(LoadError, match=f"defines 2 scorers. Name one: {path}@zeta_two, {path}@alpha_two."):
        resolve_scorer(str(path))
    assert registry.tag_of(resolve_scorer(f"{path}@alpha_two")).entry.name == "alpha_two"


def test_an_unknown_name_in_a_file_gives_the_nearest(user_file):
    path = user_file((SCORER + SECOND).format(name="near"))
    with pytest.raises(LoadError, match=f"defines no scorer 'alpa_near'. Did you mean {path}@alpha_near"):
        resolve_scorer(f"{path}@alpa_near")


def test_loading_twice_runs_once_and_a_changed_file_runs_again(user_file):
    path = user_file(SCORER.format(name="twice") + "\nimport sys\nsys.twice = getattr(sys, 'twice', 0) + 1\n")
    first, second = load_file(path), load_file(str(path))
    assert first == second and first[0] is second[0]
    assert sys.twice == 1
    path.write_text(path.read_text() + "\n# changed\n")
    assert [e.name for e in load_file(path)] == [e.name for e in first]
    assert sys.twice == 2
    del sys.twice


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(LoadError, match=r"nowhere.py: cannot be read: No such file"):
        resolve_scorer(str(tmp_path / "nowhere.py"))
    with pytest.raises(LoadError, match="cannot be read"):
        load_file(tmp_path)


def test_a_syntax_error_names_line_and_text(user_file):
    path = user_file("x = 1\ndef broken(:\n    pass\n")
    with pytest.raises(LoadError, match=r"mine.py:2: is not Python: .*: def broken\(:") as caught:
        resolve_scorer(str(path))
    assert caught.value.lineno == 2


@pytest.mark.parametrize("source", [b"x = '\x00'", b"\xff\xfe\x00", b"# coding: nonsense\n"])
def test_bytes_that_are_no_python_are_a_load_error(tmp_path, source):
    path = tmp_path / "bytes.py"
    path.write_bytes(source)
    with pytest.raises(LoadError, match="is not Python"):
        load_file(path)


def test_an_error_inside_the_file_names_the_line(user_file):
    path = user_file("def f():\n    return 1 / 0\n\nf()\n")
    with pytest.raises(LoadError, match=r"mine.py:2: raised ZeroDivisionError: division by zero"):
        load_file(path)
    with pytest.raises(LoadError, match=r"mine.py:2: raised ModuleNotFoundError: No module named 'not_there_at_all'"):
        load_file(user_file("import sys\nimport not_there_at_all\n"))
    with pytest.raises(LoadError, match="raised SystemExit"):
        load_file(user_file("raise SystemExit(3)\n"))


def test_a_file_without_scorers_asks_for_the_decorator(user_file):
    with pytest.raises(LoadError, match=r"defines no scorer. Is the @scorer decorator missing?"):
        resolve_scorer(str(user_file("def score():\n    pass\n")))


def test_a_file_written_for_inspect_is_loaded_as_it_is(user_file):
    text = SCORER.format(name="foreign").replace("from evalstream.scorers", "from inspect_ai.scorer")
    text = text.replace("Target, TaskState,", "Target,") + "\nfrom inspect_ai.solver import TaskState\n"
    entries = load_file(user_file("from __future__ import annotations\n" + text))
    assert [(e.kind, e.name, e.package) for e in entries] == [
        ("metric", "share_foreign", None),
        ("scorer", "zeta_foreign", None),
    ]


def test_without_inspect_installed_the_message_names_the_extra(user_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    monkeypatch.delitem(sys.modules, "inspect_ai.scorer", raising=False)
    with pytest.raises(LoadError, match=r"mine.py:1: raised ModuleNotFoundError: .*evalstream\[inspect\]"):
        load_file(user_file("from inspect_ai.scorer import scorer\n"))


def test_a_metric_of_inspect_without_its_decorator_is_named(user_file):
    text = "from inspect_ai.scorer import scorer\n@scorer(metrics=[len])\ndef s():\n    async def f(a, b): ...\n"
    text += "    return f\n"
    with pytest.raises(LoadError, match=r"mine.py: has a scorer for Inspect .*'len' cannot be made"):
        load_file(user_file(text))


def test_the_source_of_a_worker_is_a_file_or_a_package(user_file, installed_package):
    installed_package("pkg_source", SCORER.format(name="source"))
    assert [e.name for e in load_source(str(user_file(SCORER.format(name="file"))))] == ["share_file", "zeta_file"]
    assert {e.name for e in load_source("pkg_source")} == {"share_source", "zeta_source"}
    assert [e.name for e in load_source("pkg_source/zeta_source")] == ["zeta_source"]
    with pytest.raises(LoadError, match="no installed package of this name"):
        load_source("pkg_nowhere")
    with pytest.raises(UnknownNameError):
        load_source("pkg_source/nothing_like_it")


def test_a_neighbour_can_be_imported_and_the_path_is_clean_after(user_file, tmp_path):
    user_file("ANSWER = 42\n", "helper_of_mine.py")
    before = list(sys.path)
    load_file(user_file("import helper_of_mine\nassert helper_of_mine.ANSWER == 42\n"))
    assert sys.path == before


def test_neighbours_of_one_name_in_two_folders_do_not_mix(user_file):
    for folder in ("one", "two"):
        user_file(f"WHERE = {folder!r}\n", f"{folder}/helper_here.py")
        path = user_file(f"import helper_here\nassert helper_here.WHERE == {folder!r}\n", f"{folder}/mine.py")
        assert load_file(path) == []


def test_a_users_file_hides_no_module_of_the_same_name(user_file):
    user_file("raise RuntimeError('a neighbour replaced the standard library')\n", "colorsys.py")
    sys.modules.pop("colorsys", None)
    for name in ("json", "match", "scorers"):
        load_file(user_file("import colorsys\n" + SCORER.format(name=name), f"{name}.py"))
    assert sys.modules["json"] is json
    assert "match" not in sys.modules


def test_a_dataclass_in_the_file_works(user_file):
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    text += "@dataclass\nclass A:\n    x: int = 1\nassert A().x == 1\n"
    assert load_file(user_file(text)) == []


def test_names_resolve_with_and_without_package():
    for name in ("match", "inspect_ai/match", "evalstream/match"):
        assert registry.tag_of(resolve_scorer(name)).entry.name == "match"
    with pytest.raises(UnknownNameError, match=r"Did you mean 'math' or 'match'"):
        resolve_scorer("mathc")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'accuracy'"):
        resolve_metric("acuracy")


def test_options_that_the_factory_refuses_are_an_error_with_its_name():
    with pytest.raises(InvalidOptionError, match=r"'match' cannot be made: .*'colour'"):
        resolve_scorer("match", {"colour": 1})
    with pytest.raises(InvalidOptionError, match=r"'match' cannot be made: `location` must be"):
        resolve_scorer("match", {"location": "middle"})
    with pytest.raises(InvalidOptionError, match=r"'pattern' cannot be made: .*'pattern'"):
        resolve_scorer("pattern")


@pytest.fixture
def installed_package(tmp_path, monkeypatch):
    """Pretend that a package with an entry point is installed."""

    def install(name, text, group="evalstream"):
        (tmp_path / f"{name}.py").write_text(text)
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}\n")
        monkeypatch.syspath_prepend(str(tmp_path))

    return install


@pytest.mark.parametrize("group", ["evalstream", "inspect_ai"])
def test_an_installed_package_is_found_by_its_entry_point(installed_package, group):
    package = f"pkg_of_{group}"
    installed_package(package, SCORER.format(name=group), group)
    assert [p.name for p in importlib.metadata.entry_points(group=group, name=package)] == [package]
    assert registry.tag_of(resolve_scorer(f"{package}/zeta_{group}")).entry.name == f"zeta_{group}"
    with pytest.raises(UnknownNameError):
        resolve_scorer(f"{package}/match")
    with pytest.raises(UnknownNameError):
        resolve_scorer(f"not_installed/zeta_{group}")


def test_a_package_that_raises_when_loaded_is_named(installed_package):
    installed_package("pkg_broken", "1 / 0\n")
    with pytest.raises(LoadError, match=r"'pkg_broken' raised ZeroDivisionError"):
        resolve_scorer("pkg_broken/x")


def test_inspects_custom_scorer_example_needs_only_other_imports(user_file):
    text = """
import re
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import (
    CORRECT, INCORRECT, AnswerPattern, Metric, SampleScore, Score, Scorer, Target, Value, accuracy, metric, scorer,
    stderr, value_to_float,
)
from inspect_ai.solver import TaskState

@metric
def strict_share() -> Metric:
    to_float = value_to_float()
    def compute(scores: list[SampleScore]) -> Value:
        return sum(to_float(item.score.value) for item in scores) / len(scores)
    return compute

@scorer(metrics=[accuracy(), stderr(), strict_share()])
def last_line(ignore_case: bool = True) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        found = re.search(AnswerPattern.LINE, state.output.completion)
        if not found:
            return Score(value=INCORRECT, explanation="Nothing found in " + state.output.completion)
        answer = found.group(1)
        right = answer.lower() == target.text.lower() if ignore_case else answer == target.text
        return Score(value=CORRECT if right else INCORRECT, answer=answer, metadata={"user": state.user_prompt.text})
    return score
"""
    for module in ("scorer", "solver", "model"):
        text = text.replace(f"inspect_ai.{module}", "evalstream.scorers")
    scorer = resolve_scorer(str(user_file(text)))
    state = TaskState(input="q", output="ANSWER: Paris", target="paris")
    score = run_now(scorer(state, state.target))
    assert (score.value, score.answer, score.metadata) == ("C", "Paris", {"user": "q"})


def test_loading_needs_nothing_of_the_event_driven_half():
    unwanted = ("faust", "evalstream.streams", "numpy")
    code = f"import sys, evalstream.scorers; print([m for m in sys.modules if m.startswith({unwanted})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
