"""Logs scored by our command and by Inspect itself: the same logs, value for value and digit for digit."""

from __future__ import annotations

import inspect_ai.scorer as inspect_scorer
import pytest
from inspect_ai.log import read_eval_log
from parity import LOGS, assert_same_log, differences, our_file, score_ours, score_theirs, their_file

ACTIONS = ("append", "overwrite")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "INSPECT_LOG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    "name",
    [
        "a_scored.eval", "a_scored.json", "b_unscored.eval", "b_unscored.json", "a_edited.eval",
        "c_dict_glob.eval", "c_dict_glob_epochs.eval", "d_model_graded.eval", "e_choice.eval",
    ],
)  # fmt: skip
def test_match_scores_every_log_as_inspect_does(name, action, tmp_path):
    log = LOGS / name
    ours = score_ours(log, tmp_path / f"ours{log.suffix}", "--scorer", "match", "--action", action)
    theirs = score_theirs(log, tmp_path / f"theirs{log.suffix}", [inspect_scorer.match()], action=action)
    assert_same_log(ours, theirs)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_scorers_that_the_log_names_are_taken(action, tmp_path):
    log = LOGS / "a_scored.eval"
    ours = score_ours(log, tmp_path / "ours.eval", "--action", action)
    scorers = [inspect_scorer.match(), inspect_scorer.includes()]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action=action))


@pytest.mark.parametrize("action", ACTIONS)
def test_several_scorers_with_options(action, tmp_path):
    log = LOGS / "a_scored.eval"
    wanted = ["match", "f1", "exact", "includes"]
    arguments = [text for name in wanted for text in ("--scorer", name)]
    ours = score_ours(
        log, tmp_path / "ours.eval", *arguments, "-S", "location=any", "-S", "ignore-case=false", "--action", action
    )
    scorers = [
        inspect_scorer.match(location="any", ignore_case=False), inspect_scorer.f1(), inspect_scorer.exact(),
        inspect_scorer.includes(ignore_case=False),
    ]  # fmt: skip
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action=action))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", ["c_dict_glob.eval", "c_dict_glob_epochs.eval"])
def test_dicts_globs_groups_intervals_and_frequencies(name, action, tmp_path):
    log, file = LOGS / name, our_file("dict_and_globs.py", tmp_path)
    wanted = [text for scorer in ("glob_dict", "mixed", "scalar") for text in ("--scorer", f"{file}@{scorer}")]
    ours = score_ours(log, tmp_path / "ours.eval", *wanted, "--action", action)
    module = their_file("dict_and_globs.py")
    scorers = [module.glob_dict(), module.mixed(), module.scalar()]
    theirs = score_theirs(log, tmp_path / "theirs.eval", scorers, action=action)
    assert_same_log(ours, theirs)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("reducers", [None, "mean", "max,median", "pass_at_2,mode,majority", "none"])
def test_scorers_metrics_and_reducers_of_users(reducers, action, tmp_path):
    log, file = LOGS / "a_scored.eval", our_file("of_users.py", tmp_path)
    wanted = [text for scorer in ("first_digit", "sometimes", "counts") for text in ("--scorer", f"{file}@{scorer}")]
    options = ["--epochs-reducer", reducers] if reducers else []
    ours = score_ours(log, tmp_path / "ours.eval", *wanted, *options, "-S", "every=4", "--action", action)
    module = their_file("of_users.py")
    scorers = [module.first_digit(), module.sometimes(every=4), module.counts()]
    chosen = {} if reducers is None else {"epochs_reducer": [] if reducers == "none" else reducers.split(",")}
    theirs = score_theirs(log, tmp_path / "theirs.eval", scorers, action=action, **chosen)
    assert_same_log(ours, theirs)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_reducer_of_users(action, tmp_path):
    log, file = LOGS / "a_scored.eval", our_file("of_users.py", tmp_path)
    ours = score_ours(
        log,
        tmp_path / "ours.eval",
        "--scorer",
        f"{file}@first_digit",
        "--epochs-reducer",
        "least,mean",
        "--action",
        action,
    )
    module = their_file("of_users.py")
    theirs = score_theirs(
        log, tmp_path / "theirs.eval", [module.first_digit()], action=action, epochs_reducer=["least", "mean"]
    )
    assert_same_log(ours, theirs)


@pytest.mark.parametrize("action", ACTIONS)
def test_metrics_of_the_command_line_replace_those_of_the_scorers(action, tmp_path):
    log, file = LOGS / "a_scored.eval", our_file("of_users.py", tmp_path)
    wanted = [
        text for name in ("std", "var", f"{file}@share_of_answers", f"{file}@kinds") for text in ("--metric", name)
    ]
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", "match", *wanted, "--action", action)
    module = their_file("of_users.py")
    metrics = [inspect_scorer.std(), inspect_scorer.var(), module.share_of_answers(), module.kinds()]
    theirs = score_theirs(log, tmp_path / "theirs.eval", [inspect_scorer.match()], action=action, metrics=metrics)
    assert_same_log(ours, theirs)


def test_metrics_of_the_command_line_replace_those_of_the_scorers_that_the_log_names(tmp_path):
    log = LOGS / "b_unscored.eval"
    ours = score_ours(log, tmp_path / "ours.eval", "--metric", "mean")
    scorers = [inspect_scorer.match(), inspect_scorer.includes()]
    theirs = score_theirs(log, tmp_path / "theirs.eval", scorers, action="overwrite", metrics=[inspect_scorer.mean()])
    assert_same_log(ours, theirs)


def test_the_scorer_of_the_documentation(tmp_path):
    log, file = LOGS / "e_choice.eval", our_file("documented.py", tmp_path)
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", file, "--action", "append")
    theirs = score_theirs(log, tmp_path / "theirs.eval", [their_file("documented.py").answer_letter()], action="append")
    assert_same_log(ours, theirs)
    assert ours.results.scores[-1].metrics["accuracy"].value > 0


@pytest.mark.parametrize("name", ["e_choice.eval", "e_choice_multi.eval", "e_choice_shuffled.eval"])
def test_choice_gives_what_it_gave_when_the_eval_ran(name, tmp_path):
    # Inspect itself gives 0 when it scores such a log again: the marks of the choices are not in it.
    live = read_eval_log(str(LOGS / name))
    again = score_ours(LOGS / name, tmp_path / "ours.eval", "--action", "overwrite")
    for before, after in zip(live.samples, again.samples, strict=True):
        assert (after.id, after.epoch) == (before.id, before.epoch)
        assert after.scores == before.scores
    assert again.results == live.results
    one, other = ([r.model_dump(exclude={"reducer"}) for r in log.reductions] for log in (again, live))
    assert not list(differences(one, other))
    assert again.eval.scorers == live.eval.scorers


@pytest.mark.parametrize("name", ["c_dict_glob.eval", "c_dict_glob_epochs.eval"])
def test_dict_scores_are_those_of_the_live_eval(name, tmp_path):
    file = our_file("dict_and_globs.py", tmp_path)
    live = read_eval_log(str(LOGS / name))
    wanted = [text for scorer in live.eval.scorers for text in ("--scorer", f"{file}@{scorer.name}")]
    again = score_ours(LOGS / name, tmp_path / "ours.eval", *wanted, "--action", "overwrite")
    ours, theirs = ([row.model_dump() for row in log.results.scores] for log in (again, live))
    assert not list(differences(ours, theirs))


@pytest.mark.parametrize(("name", "ending"), [("a_scored.eval", ".json"), ("a_scored.json", ".eval")])
def test_the_format_follows_the_name_of_the_output(name, ending, tmp_path):
    ours = score_ours(LOGS / name, tmp_path / f"ours{ending}", "--scorer", "match", "--action", "append")
    theirs = score_theirs(LOGS / name, tmp_path / f"theirs{ending}", [inspect_scorer.match()], action="append")
    assert_same_log(ours, theirs)


def test_scoring_twice_is_scoring_once_when_overwriting(tmp_path):
    once = score_ours(LOGS / "a_scored.eval", tmp_path / "once.eval", "--action", "overwrite")
    twice = score_ours(tmp_path / "once.eval", tmp_path / "twice.eval", "--action", "overwrite")
    assert_same_log(twice, once)
