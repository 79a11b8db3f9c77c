"""Editing scores in memory: history, events and metrics are those that Inspect's own functions leave."""

from __future__ import annotations

from pathlib import Path

import inspect_ai.log
import numpy as np
import pytest
from edit_helpers import events_of
from inspect_ai import scorer as theirs
from parity import LOGS, assert_same_log, differences, our_file, their_file

from evalstream import edit_score, read_eval_log, recompute_metrics, score, write_eval_log
from evalstream.scorers import ProvenanceData, ScoreEdit, UnknownNameError, f1, load_file
from evalstream.streams.edit.recompute import Recomputed
from evalstream.streams.errors import UsageError

ME = {"author": "me", "reason": "read it again", "metadata": {"ticket": 7}, "timestamp": "2026-01-01T00:00:00.5Z"}

EDITS = {
    "value": {"value": "C", "provenance": ME},
    "texts": {"answer": "4", "explanation": "see there", "provenance": ME},
    "unscored": {"value": float("nan"), "reason": "refusal", "provenance": ME},
    "cleared": {"answer": None, "explanation": None, "reason": None, "provenance": ME},
    "metadata": {"metadata": {"unscored_reason": "old", "k": [1]}, "reason": "refusal"},
    "list": {"value": [1, 0.5, "a", True]},
    "dict": {"value": {"a": 1, "b": None}},
    "anonymous": {"value": 1},
}


def written(log, tmp_path, name, write=inspect_ai.log.write_eval_log):
    write(log, str(tmp_path / name))
    return inspect_ai.log.read_eval_log(str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "scorer", "edit"),
    [
        *(("e_choice.eval", "choice", edit) for edit in EDITS),
        ("a_edited.eval", "match", "value"),
        ("a_scored.json", "match", "texts"),
    ],
)
def test_an_edit_leaves_what_inspects_leaves(name, scorer, edit, tmp_path):
    wanted = inspect_ai.log.read_eval_log(str(LOGS / name))
    ours, same = read_eval_log(LOGS / name), inspect_ai.log.read_eval_log(str(LOGS / name))
    target = wanted.samples[4]
    theirs_edit = theirs.ScoreEdit.model_validate(EDITS[edit])
    inspect_ai.log.edit_score(wanted, target.id, scorer, theirs_edit, epoch=target.epoch)
    for log in (ours, same):
        edit_score(log, target.id, scorer, ScoreEdit.model_validate(EDITS[edit]), epoch=target.epoch)
    other = written(wanted, tmp_path, f"theirs{Path(name).suffix}")
    for made in (
        written(ours, tmp_path, f"ours{Path(name).suffix}", write_eval_log),
        written(same, tmp_path, f"same{Path(name).suffix}"),
    ):
        assert_same_log(made, other)
        assert list(differences(events_of(made), events_of(other))) == []


def test_several_edits_of_one_score_and_new_scores_add_up_as_in_inspect(tmp_path):
    wanted, ours = inspect_ai.log.read_eval_log(str(LOGS / "e_choice.eval")), read_eval_log(LOGS / "e_choice.eval")
    first = wanted.samples[0].id
    for name, fields in (
        ("choice", EDITS["value"]), ("choice", EDITS["texts"]), ("f1", {"value": 0.5}), ("verdict", EDITS["value"]),
        ("choice", EDITS["unscored"]), ("verdict", EDITS["texts"]),
    ):  # fmt: skip
        inspect_ai.log.edit_score(wanted, first, name, theirs.ScoreEdit.model_validate(fields))
        edit_score(ours, first, name, ScoreEdit.model_validate(fields))
    made, other = written(ours, tmp_path, "o.eval", write_eval_log), written(wanted, tmp_path, "t.eval")
    assert_same_log(made, other)
    assert list(differences(events_of(made), events_of(other))) == []


@pytest.mark.parametrize("name", sorted(path.name for path in LOGS.iterdir()))
def test_metrics_found_anew_are_inspects(name, tmp_path):
    their_file("dict_and_globs.py")
    load_file(our_file("dict_and_globs.py", tmp_path))
    wanted, ours = inspect_ai.log.read_eval_log(str(LOGS / name)), read_eval_log(LOGS / name)
    inspect_ai.log.recompute_metrics(wanted)
    recompute_metrics(ours)
    assert_same_log(
        written(ours, tmp_path, f"o{Path(name).suffix}", write_eval_log),
        written(wanted, tmp_path, f"t{Path(name).suffix}"),
    )


def test_the_example_of_finding_metrics_anew_after_many_edits():
    log = read_eval_log(LOGS / "a_scored.eval")
    before = log.results.scores[0].metrics["accuracy"].value
    for sample in log.samples:
        provenance = ProvenanceData(author="reviewer", reason="all of them are right")
        edit = ScoreEdit(value="C", explanation="checked", provenance=provenance)
        edit_score(log, sample.id, "match", edit, recompute_metrics=False, epoch=sample.epoch)
    assert log.results.scores[0].metrics["accuracy"].value == before
    recompute_metrics(log)
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    assert len(log.samples[0].scores["match"].history) == 2


def test_two_scorers_of_one_name_each_see_their_own_scores():
    # Inspect 0.3.285 gives both of them the scores of the first where values are dicts.
    log = score(LOGS / "a_scored.eval", [f1(), f1()], action="overwrite", display="none")
    for sample in log.samples:
        sample.scores["f1"].value, sample.scores["f11"].value = 0.25, 0.75
    recompute_metrics(log)
    assert [(r.name, r.metrics["mean"].value) for r in log.results.scores[::2]] == [("f1", 0.25), ("f11", 0.75)]


@pytest.mark.parametrize(
    ("sample", "name", "edit", "epoch", "message"),
    [
        ("s01", "match", {"value": "C"}, None, "several epochs"),
        ("s01", "match", {"value": "C"}, 9, "no sample 's01' of epoch 9"),
        ("s99", "match", {"value": "C"}, None, "no sample 's99'"),
        ("2", "match", {"value": "C"}, 1, "no sample '2'"),
        ("s01", "new", {"answer": "C"}, 1, "needs a value"),
    ],
)
@pytest.mark.parametrize("read", [read_eval_log, lambda path: inspect_ai.log.read_eval_log(str(path))])
def test_an_edit_that_fits_nothing_changes_nothing(read, sample, name, edit, epoch, message):
    log = read(LOGS / "a_scored.eval")
    before = log.model_copy(deep=True)
    with pytest.raises(ValueError, match=message) if "value" in edit else pytest.raises(ValueError):  # as in Inspect
        edit_score(log, sample, name, ScoreEdit(**edit), epoch=epoch)
    assert [s.scores for s in log.samples] == [s.scores for s in before.samples]


def test_a_header_alone_can_be_neither_edited_nor_recomputed():
    log = read_eval_log(LOGS / "a_scored.eval", header_only=True)
    with pytest.raises(UsageError, match="header_only"):
        recompute_metrics(log)
    with pytest.raises(UsageError, match="header_only"):
        edit_score(log, "s01", "match", ScoreEdit(value="C"))


def test_a_metric_that_is_not_known_is_named():
    header = {"eval": {"scorers": [{"name": "match", "options": {}, "metrics": [{"name": "of_nobody"}]}]}}
    with pytest.raises(UnknownNameError, match="of_nobody"):
        Recomputed(header, lambda place: {}, np.arange(0))
