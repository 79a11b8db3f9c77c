"""Files and packages that were written for Inspect, scored by our command and by Inspect itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import inspect_ai.scorer as inspect_scorer
import pytest
from inspect_ai.log import read_eval_log
from parity import LOGS, SCORERS, assert_same_log, command, score_ours, score_theirs, their_file

from evalstream.scorers import registry

ACTIONS = ("append", "overwrite")

each_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Names that one test registers are not there for the next."""
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr("evalstream.scorers.load._loaded", {})
    monkeypatch.delenv("INSPECT_LOG_DIR", raising=False)


def wanted(file: str, *names: str) -> list[str]:
    return [text for name in names for text in ("--scorer", f"{SCORERS / file}@{name}")]


@each_action
@pytest.mark.parametrize("name", ["c_dict_glob.eval", "c_dict_glob_epochs.eval"])
def test_dicts_globs_groups_and_intervals_of_an_unmodified_file(name, action, tmp_path):
    names = ("glob_dict", "mixed", "scalar")
    ours = score_ours(LOGS / name, tmp_path / "ours.eval", *wanted("dict_and_globs.py", *names), "--action", action)
    module = their_file("dict_and_globs.py")
    scorers = [getattr(module, scorer)() for scorer in names]
    assert_same_log(ours, score_theirs(LOGS / name, tmp_path / "theirs.eval", scorers, action=action))


@pytest.mark.parametrize("reducers", [None, "max,median", "least,mean", "none"])
def test_metrics_and_reducers_of_an_unmodified_file(reducers, tmp_path):
    log, names = LOGS / "a_scored.eval", ["first_digit", "sometimes", "counts"]
    if reducers == "least,mean":
        names.pop()  # that reducer takes no dicts
    options = ["--epochs-reducer", reducers] if reducers else []
    ours = score_ours(log, tmp_path / "ours.eval", *wanted("of_users.py", *names), *options, "-S", "every=4")
    module = their_file("of_users.py")
    scorers = [module.first_digit(), module.sometimes(every=4), module.counts()][: len(names)]
    chosen = {} if reducers is None else {"epochs_reducer": [] if reducers == "none" else reducers.split(",")}
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action="append", **chosen))


def test_metrics_of_an_unmodified_file_over_a_scorer_of_ours(tmp_path):
    log, file = LOGS / "a_scored.eval", SCORERS / "for_inspect.py"
    metrics = [text for name in ("Span", "named", "answers") for text in ("--metric", f"{file}@{name}")]
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", "match", *metrics)
    module = their_file("for_inspect.py")
    theirs = score_theirs(
        log, tmp_path / "theirs.eval", [inspect_scorer.match()], action="append",
        metrics=[module.Span(), module.of_another_name(), module.answers()],
    )  # fmt: skip
    assert_same_log(ours, theirs)


@each_action
def test_classes_old_metrics_functions_as_options_and_unscored_samples(action, tmp_path):
    log = LOGS / "a_scored.eval"
    ours = score_ours(
        log, tmp_path / "ours.eval", *wanted("for_inspect.py", "a_class"), "-S", "wanted=1", "--action", action
    )
    scorers = [their_file("for_inspect.py").ClassScorer(wanted=1)]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action=action))


@each_action
@pytest.mark.parametrize(
    "name", ["a_scored.eval", "b_unscored.json", "d_model_graded.eval", "e_choice_multi.eval", "a_edited.eval"]
)
def test_a_scorer_sees_what_inspect_would_show_it(name, action, tmp_path):
    log = LOGS / name
    ours = score_ours(
        log, tmp_path / f"ours{log.suffix}", *wanted("for_inspect.py", "looks_around"), "--action", action
    )
    scorers = [their_file("for_inspect.py").looks_around()]
    assert_same_log(ours, score_theirs(log, tmp_path / f"theirs{log.suffix}", scorers, action=action))


def test_a_scorer_asks_models_through_inspect(tmp_path):
    ours = score_ours(LOGS / "a_scored.eval", tmp_path / "ours.eval", *wanted("for_inspect.py", "judged"))
    assert {sample.scores["judged"].value for sample in ours.samples} == {"C"}
    assert {sample.scores["judged"].explanation for sample in ours.samples} == {ours.eval.model}


ASKS = """
from inspect_ai.model import get_model, model_roles
from inspect_ai.scorer import Score, accuracy, scorer

@scorer(metrics=[accuracy()])
def asks(role: str = "critic"):
    async def score(state, target) -> Score:
        model = get_model()
        return Score(
            value="C", answer=f"{model} {model.config.temperature}", explanation=str(get_model(role=role)),
            metadata={"roles": sorted(model_roles())},
        )
    return score
"""


def asked(tmp_path, *arguments):
    file = tmp_path / "asks.py"
    file.write_text(ASKS)
    ours = score_ours(LOGS / "a_scored.eval", tmp_path / "ours.eval", "--scorer", str(file), *arguments)
    return [sample.scores["asks"] for sample in ours.samples]


def test_a_scorer_finds_the_models_and_roles_of_the_command_line_through_inspect(tmp_path):
    scores = asked(
        tmp_path, "--model", "mockllm/judge", "-M", "temperature=0.5", "--model-role", "critic=mockllm/critic"
    )
    assert {score.answer for score in scores} == {"mockllm/judge 0.5"}
    assert {score.explanation for score in scores} == {"mockllm/critic"}
    assert scores[0].metadata == {"roles": ["critic"]}


def test_a_role_that_nobody_plays_is_played_by_the_default_model(tmp_path):
    scores = asked(tmp_path, "--model", "mockllm/judge")
    assert {score.explanation for score in scores} == {"mockllm/judge"}


def test_inspects_own_metrics_run_while_scores_come_in():
    from evalstream.scorers import load_file
    from evalstream.scorers.aggregates.running import aggregate_for

    load_file(SCORERS / "dict_and_globs.py")
    declared = registry.find("scorer", "scalar").metadata["metrics"]
    assert all(aggregate_for(metric) is not None for metric in declared)
    assert [registry.log_name(metric) for metric in declared][:3] == [
        "inspect_ai/grouped", "inspect_ai/grouped", "inspect_ai/accuracy",
    ]  # fmt: skip


PACKAGE = {
    "__init__": "",
    "_registry": "from .scorers import match, of_package\nfrom .metrics import of_package_metric\n",
    "metrics": """
from inspect_ai.scorer import SampleScore, metric

@metric
def of_package_metric(k: int = 1):
    def compute(scores: list[SampleScore]) -> float:
        return float(len(scores) * k)
    return compute
""",
    "scorers": """
from inspect_ai.scorer import Score, accuracy, scorer
from .metrics import of_package_metric

@scorer(metrics=[accuracy(), of_package_metric(k=3)])
def of_package(value: str = "C"):
    async def score(state, target):
        return Score(value=value)
    return score

@scorer(metrics=[accuracy()])
def match():
    async def score(state, target):
        return Score(value=0.25)
    return score
""",
}


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package written for Inspect, installed in a folder of packages of its own."""
    name = "pkg_for_inspect"
    place = tmp_path / "site-packages"
    (place / name).mkdir(parents=True)
    for module, text in PACKAGE.items():
        (place / name / f"{module}.py").write_text(text)
    info = place / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[inspect_ai]\n{name} = {name}._registry\n")
    monkeypatch.syspath_prepend(str(place))
    yield name
    for module in [module for module in sys.modules if module.partition(".")[0] == name]:
        del sys.modules[module]


def test_a_package_written_for_inspect_scores_as_inspect_does(installed, tmp_path):
    log = LOGS / "a_scored.eval"
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", f"{installed}/of_package", "-S", "value=I")
    from pkg_for_inspect.scorers import of_package

    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", [of_package(value="I")], action="append"))
    assert any(name.endswith("of_package_metric") for name in ours.results.scores[-1].metrics)


def test_a_scorer_of_a_package_has_a_builtins_name_only_when_it_is_asked_for(installed, tmp_path):
    log = LOGS / "b_unscored.eval"
    score_ours(log, tmp_path / "first.eval", "--scorer", f"{installed}/of_package")
    assert registry.find("scorer", "match").package == "inspect_ai"
    theirs = score_ours(log, tmp_path / "theirs.eval", "--scorer", f"{installed}/match", "--metric", "mean")
    assert theirs.results.scores[0].metrics["mean"].value == 0.25


def test_a_worker_scores_with_files_and_packages_for_inspect(installed, make_log, tmp_path):
    log, folder = make_log(samples=6), tmp_path / "broker"
    file = SCORERS / "for_inspect.py"
    published = command(
        "publish", log, "--broker", f"embedded://{folder}", "--scorer", f"{file}@a_class",
        "--scorer", f"{installed}/of_package",
    )  # fmt: skip
    assert published.exit_code == 0, published.output
    code = "from evalstream.streams.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "worker", "--broker", f"embedded://{folder}", "--log-dir", tmp_path / "scored",
         "--scorers", file, "--scorers", installed, "--exit-when-idle", "0.2"],
        env={"PYTHONPATH": str(tmp_path / "site-packages"), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [path] = (tmp_path / "scored").glob("*.eval")
    scored = read_eval_log(str(path))
    assert {row.name for row in scored.results.scores} == {"a_class", "of_package"}
    assert {sample.scores["of_package"].value for sample in scored.samples} == {"C"}


HIDDEN = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "inspect_ai":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
from evalstream.streams.cli import main
main()
"""


def without_inspect(*arguments: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", **({"PYTHONPATH": str(path)} if path else {})}
    line = [sys.executable, "-c", HIDDEN, *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=environment)


def test_without_inspect_the_message_names_the_extra(installed, tmp_path):
    log = LOGS / "b_unscored.eval"
    out = ("--output-file", tmp_path / "out.eval")
    of_file = without_inspect("score", log, *out, "--scorer", f"{SCORERS / 'of_users.py'}@first_digit")
    of_package = without_inspect("score", log, *out, "--scorer", f"{installed}/match", path=tmp_path / "site-packages")
    for done in (of_file, of_package):
        assert done.returncode == 2
        assert "pip install 'evalstream[inspect]'" in done.stderr
        assert "Traceback" not in done.stderr
    assert "of_users.py:5: raised ModuleNotFoundError" in of_file.stderr
    assert "pkg_for_inspect" in of_package.stderr
    assert without_inspect("score", log, *out, "--scorer", "match").returncode == 0


def test_scoring_without_such_a_file_never_imports_inspect(tmp_path):
    code = HIDDEN.replace("raise ModuleNotFoundError", "raise SystemError")
    line = [sys.executable, "-c", code, "score", str(LOGS / "b_unscored.eval"), "--scorer", "match"]
    done = subprocess.run(
        [*line, "--output-file", str(tmp_path / "o.eval")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


JUDGE = """
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.util import resource

@scorer(metrics=[mean()])
def with_template(template: str = "none"):
    text = resource(template)
    async def score(state, target):
        return Score(value=len(text), explanation=text)
    return score
"""


@pytest.mark.parametrize("kind", ["path", "url"])
def test_an_option_that_an_event_brought_is_not_opened(kind, scorer_file, tmp_path):
    from evalstream.scorers import InvalidOptionError, load_file, resolve_scorer

    (tmp_path / "secret").write_text("s3kr1t")
    place = str(tmp_path / "secret") if kind == "path" else (tmp_path / "secret").as_uri()
    file = scorer_file(JUDGE)
    load_file(file)
    with pytest.raises(InvalidOptionError, match="names a file or a URL, and came by an event"):
        registry.create("scorer", "with_template", {"template": place})
    registry.create("scorer", "with_template", {"template": "a text"})
    resolve_scorer(str(file), {"template": place})  # whoever starts the scoring may


ROLES = """
from inspect_ai.model import get_model, model_roles
from inspect_ai.scorer import Score, accuracy, scorer

@scorer(metrics=[accuracy()])
def plays(role: str):
    async def score(state, target):
        played = model_roles()[role]
        names = [str(one) for one in played] if isinstance(played, list) else str(played)
        return Score(value="C", explanation=f"{get_model(role=role)} {names} {sorted(model_roles())}")
    return score
"""


@pytest.mark.parametrize(("role", "played"), [("one", "'mockllm/a'"), ("several", "['mockllm/b', 'mockllm/c']")])
def test_a_role_is_played_for_a_file_and_nobody_looks_for_the_models_of_others(role, played, scorer_file, tmp_path):
    roles = (
        "--model-role",
        "one=mockllm/a",
        "--model-role",
        "several=mockllm/b,mockllm/c",
        "--model-role",
        "no=no/one",
    )
    named = ("--scorer", scorer_file(ROLES), "-S", f"role={role}", *roles)
    ours = score_ours(LOGS / "b_unscored.eval", tmp_path / "ours.eval", *named)
    first = "mockllm/a" if role == "one" else "mockllm/b"
    [said] = {sample.scores["plays"].explanation for sample in ours.samples}
    assert said == f"{first} {played.strip(chr(39))} ['no', 'one', 'several']"


def test_a_role_that_cannot_be_played_fails_the_score_and_is_not_played_by_the_model_under_test(scorer_file, tmp_path):
    named = ("--scorer", scorer_file(ROLES), "-S", "role=absent", "--model-role", "absent=no_such_service/one")
    done = command("score", LOGS / "b_unscored.eval", "--output-file", tmp_path / "out.eval", *named)
    assert done.exit_code == 1
    log = read_eval_log(str(tmp_path / "out.eval"))
    assert "no_such_service" in log.error.message
    assert {len(sample.scores) for sample in log.samples} == {0}
