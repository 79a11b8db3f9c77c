"""`score()` on logs of ours, of Inspect's, and on files: the same results that Inspect's own gives."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import shutil
import tempfile
import threading
import warnings

import inspect_ai
import inspect_ai.log
import pytest
from inspect_ai import scorer as theirs
from parity import LOGS, assert_same_log, our_file, their_file

from evalstream import read_eval_log, score, score_async, write_eval_log
from evalstream.scorers import (
    Score,
    accuracy,
    at_least,
    exact,
    f1,
    includes,
    load_file,
    match,
    mean,
    mean_score,
    score_reducer,
    scorer,
    std,
    stderr,
)
from evalstream.streams.api.log import EvalLog
from evalstream.streams.api.score import MissingScoresWarning
from evalstream.streams.errors import UsageError

LOG = LOGS / "a_scored.eval"


@scorer(metrics=[accuracy(to_float=lambda value: 0.25 if value == "C" else 0.75), stderr()])
def with_function(judge):
    async def score(state, target):
        await asyncio.sleep(0)
        return Score(value=judge(state.output.completion), explanation=judge.__name__)

    return score


def by_inspect(log, scorers, tmp_path, **options):
    """Score by Inspect, and read the written log again, as a user would."""
    scored = inspect_ai.score(
        inspect_ai.log.read_eval_log(str(log)), scorers, model="mockllm/model", display="none", **options
    )
    inspect_ai.log.write_eval_log(scored, str(tmp_path / f"theirs{log.suffix}"))
    return inspect_ai.log.read_eval_log(str(tmp_path / f"theirs{log.suffix}"))


def in_inspect(log, tmp_path, ending):
    write_eval_log(log, tmp_path / f"ours{ending}")
    return inspect_ai.log.read_eval_log(str(tmp_path / f"ours{ending}"))


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("a_scored.eval", None),
        ("a_scored.json", "overwrite"),
        ("b_unscored.eval", "append"),
        ("c_dict_glob_epochs.eval", "append"),
        ("e_choice.eval", "overwrite"),
    ],
)
def test_each_kind_of_log_gives_what_inspect_gives_and_comes_back_as_its_kind(name, action, tmp_path):
    wanted = by_inspect(LOGS / name, [theirs.match(), theirs.f1()], tmp_path, action=action)
    path = LOGS / name
    for given, kind in (
        (path, EvalLog),
        (read_eval_log(path), EvalLog),
        (inspect_ai.log.read_eval_log(str(path)), inspect_ai.log.EvalLog),
    ):
        made = score(given, [match(), f1()], action=action, display="none")
        assert isinstance(made, kind)
        assert made.location == str(path)
        assert_same_log(in_inspect(made, tmp_path, path.suffix), wanted)


@pytest.mark.parametrize(
    "options",
    [
        ({"metrics": [mean(), std()]}, {"metrics": [theirs.mean(), theirs.std()]}),
        ({"epochs_reducer": "at_least_2"}, {"epochs_reducer": "at_least_2"}),
        ({"epochs_reducer": ["mean", "max"]}, {"epochs_reducer": ["mean", "max"]}),
        ({"epochs_reducer": mean_score()}, {"epochs_reducer": theirs.mean_score()}),
        ({"epochs_reducer": at_least(2, value=0.5)}, {"epochs_reducer": theirs.at_least(2, value=0.5)}),
        ({"epochs_reducer": []}, {"epochs_reducer": []}),
    ],
    ids=["metrics", "reducer", "reducers", "made reducer", "reducer with a value", "none"],
)
def test_metrics_and_reducers_are_taken_by_name_or_made(options, tmp_path):
    ours, other = options
    made = score(LOG, exact(), action="overwrite", display="none", **ours)
    wanted = by_inspect(LOG, [theirs.exact()], tmp_path, action="overwrite", **other)
    assert_same_log(in_inspect(made, tmp_path, ".eval"), wanted)


def test_dict_values_and_globs_of_a_users_file_are_what_inspect_makes_of_them(tmp_path):
    path = our_file("dict_and_globs.py", tmp_path)
    entries = [entry for entry in load_file(path) if entry.kind == "scorer"]
    module = their_file("dict_and_globs.py")
    log = LOGS / "c_dict_glob_epochs.eval"
    made = score(log, [entry.factory() for entry in entries], action="overwrite", display="none")
    wanted = by_inspect(log, [getattr(module, entry.name)() for entry in entries], tmp_path, action="overwrite")
    assert_same_log(in_inspect(made, tmp_path, ".eval"), wanted)


def test_scorers_that_are_made_of_functions_keep_them():
    def yes(completion):
        return "C"

    def long(completion):
        return "C" if len(completion) > 12 else "I"

    scorers = [with_function(yes), with_function(long)]
    made = score(LOG, scorers, action="overwrite", epochs_reducer=[], display="none")
    assert [row.name for row in made.results.scores] == ["with_function", "with_function1"]
    assert made.results.scores[0].metrics["accuracy"].value == 0.25
    assert 0.25 < made.results.scores[1].metrics["accuracy"].value < 0.75
    assert {s.scores["with_function"].explanation for s in made.samples} == {"yes"}
    assert {s.scores["with_function1"].explanation for s in made.samples} == {"long"}


def test_a_scorer_that_was_typed_into_a_session_needs_no_file():
    session = {"__name__": "__main__"}
    text = (
        "from evalstream.scorers import *\n"
        "@scorer(metrics=[accuracy()])\ndef typed(answer):\n"
        "    async def score(state, target):\n        return Score(value=answer)\n    return score\n"
    )
    exec(compile(text, "<stdin>", "exec"), session)
    first = session["typed"]("C")
    exec(compile(text.replace("value=answer", "value='I'"), "<ipython-input-2>", "exec"), session)
    made = score(LOG, [first, session["typed"]("C")], action="overwrite", display="none")
    assert [s.value for s in made.samples[0].scores.values()] == ["C", "I"]


def test_models_may_be_named_as_for_inspect():
    roles = {"grader": ["mockllm/model", "mockllm/other"]}
    made = score(LOG, match(), model="mockllm/model", model_roles=roles, action="overwrite", display="none")
    assert made.eval.model == "mockllm/model"


def test_a_reducer_of_ones_own_is_used():
    @score_reducer
    def last():
        return lambda scores: scores[-1]

    made = score(LOG, match(), action="overwrite", epochs_reducer=last(), display="none")
    assert [row.reducer for row in made.results.scores] == ["last"]
    assert made.eval.config.epochs_reducer == ["last"]
    ends = {str(s.id): s.scores["match"].value for s in made.samples if s.epoch == 3}
    assert {str(s.sample_id): s.value for s in made.reductions[0].samples} == ends


def test_the_given_log_stays_as_it_was_unless_copying_is_switched_off():
    log = read_eval_log(LOG)
    before, sample = copy.deepcopy(log), log.samples[0]
    made = score(log, includes(), display="none")
    assert log == before
    assert made is not log
    again = score(log, includes(), display="none", copy=False)
    assert again is log
    assert log.samples[0] is sample
    assert list(sample.scores) == ["match", "includes", "includes1"]
    assert log == made.model_copy(update={"samples": log.samples})


def test_it_works_where_an_event_loop_runs_as_in_a_notebook():
    seen = []

    @scorer(metrics=[accuracy()])
    def watching():
        async def score(state, target):
            seen.append(threading.current_thread())
            return Score(value="C")

        return score

    async def cell():
        return score(LOG, watching(), action="overwrite", display="none")

    assert asyncio.run(cell()).results.scores[0].metrics["accuracy"].value == 1.0
    assert len(seen) == 60


def test_asynchronous_scorings_run_side_by_side_and_tell_how_far_they_are():
    told = []

    async def both():
        log = read_eval_log(LOG)
        return await asyncio.gather(
            score_async(log, match(), action="overwrite", progress=told.append),
            score_async(log, includes(), action="overwrite"),
        )

    one, other = asyncio.run(both())
    assert [log.results.scores[0].name for log in (one, other)] == ["match", "includes"]
    assert told[-1].scored == told[-1].total == 60
    assert told[-1].results[0]["metrics"]["accuracy"]["value"] == one.results.scores[0].metrics["accuracy"].value


def test_what_the_progress_function_raises_ends_the_scoring():
    def stop(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(score_async(LOG, match(), progress=stop))


@pytest.mark.parametrize("read", [read_eval_log, lambda path: inspect_ai.log.read_eval_log(str(path))])
def test_samples_may_come_one_by_one(read, tmp_path):
    whole = read(LOG)
    given = [sample.model_copy() for sample in whole.samples]

    @contextlib.asynccontextmanager
    async def samples(number):
        yield given[number]

    header = whole.model_copy(update={"samples": None})
    made = asyncio.run(score_async(header, f1(), samples=samples))
    assert made.samples is None
    assert all(list(sample.scores)[-1] == "f1" for sample in given)
    wanted = score(whole, f1(), display="none")
    assert made.results.model_dump() == wanted.results.model_dump()


def test_a_scorer_that_fails_is_warned_of_and_the_log_says_which_samples():
    @scorer(metrics=[accuracy()])
    def failing():
        async def score(state, target):
            if state.sample_id == "s01":
                raise ValueError("no idea")
            return Score(value="C")

        return score

    with pytest.warns(MissingScoresWarning, match="no idea") as warned:
        made = score(LOG, failing(), action="overwrite", display="none")
    assert warned[0].filename == __file__
    assert made.status == "error"
    assert "sample s01 epoch 1" in made.error.message
    assert [s.scores for s in made.samples if s.id == "s01"] == [{}, {}, {}]
    assert made.results.scores[0].metrics["accuracy"].value == 1.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([],), UsageError, "no scorer"),
        ((match,), TypeError, "call it"),
        ((lambda state, target: None,), TypeError, "decorator"),
        ((accuracy(),), TypeError, "not a scorer"),
        ((match(), [match()]), TypeError, "no metric"),
        ((match(), None, None, None, None, "replace"), UsageError, "append and overwrite"),
        ((match(), None, None, None, None, None, "loud"), UsageError, "plain"),
        ((match(), None, "median_of_means"), Exception, "median_of_means"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_scored(arguments, error, message):
    with pytest.raises(error, match=message):
        score(LOG, *arguments)


def test_a_log_without_samples_is_refused():
    for log in (
        read_eval_log(LOG, header_only=True),
        inspect_ai.log.read_eval_log(str(LOG), header_only=True),
        read_eval_log(LOG).model_copy(update={"samples": []}),
    ):
        with pytest.raises(UsageError, match="no samples"):
            score(log, match(), display="none")


def test_progress_is_shown_as_lines_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr("evalstream.streams.cli.progress.LINE_SECONDS", 0.0)
    score(LOG, match(), display="plain")
    score(LOG, match(), display="none")
    assert "scored 60 of 60" in capsys.readouterr().err


# The examples of Inspect's page on scoring, their imports changed; simple scorers where it has judges.


def test_the_example_of_several_graders_over_one_log():
    log = read_eval_log(LOG)
    graders = [match(location="any"), includes(), f1()]
    scored = [score(log, grader, display="none") for grader in graders]
    assert [log.results.scores[-1].scorer for log in scored] == ["match1", "includes1", "f1"]


def test_the_example_of_appending_one_after_the_other():
    log = read_eval_log(LOG)
    for grader in (match(location="any"), f1()):
        log = score(log, grader, action="append", display="none")
    assert list(log.samples[0].scores) == ["match", "includes", "match1", "f1"]
    assert [entry.name for entry in log.eval.scorers] == ["match", "includes", "match", "f1"]


def test_the_example_of_writing_each_to_its_own_file(tmp_path):
    shutil.copy(LOG, tmp_path / "log.eval")
    for name, grader in {"any": match(location="any"), "f1": f1()}.items():
        log = score(read_eval_log(tmp_path / "log.eval"), grader, action="overwrite", display="none")
        write_eval_log(log, log.location.replace(".eval", f"_{name}.eval"))
    written = inspect_ai.log.read_eval_log(str(tmp_path / "log_f1.eval"))
    assert [row.name for row in written.results.scores] == ["f1", "f1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.eval", "log_any.eval", "log_f1.eval"]


def test_no_warning_and_no_file_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        score(read_eval_log(LOG), match(), display="none")
    assert list(tmp_path.iterdir()) == []
