"""Scorers beyond text, through the whole of our command and through Inspect itself: the same logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import inspect_ai.scorer as inspect_scorer
import pytest
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.log._log import EvalMetricDefinition
from inspect_ai.model import Logprob, Logprobs
from inspect_ai.viewer import SampleScoreView, TaskSamplesView, ViewerConfig
from inspect_scout import as_scorer
from parity import LOGS, SCORERS, assert_same_log, command, our_file, score_ours, score_theirs, their_file

SCANNERS = ("said", "several", "seldom", "shapes")
COMBINED = ("longest", "panel", "staged")

both_actions = pytest.mark.parametrize("action", ["append", "overwrite"])


def changed(name: str, folder: Path, change: Any) -> Path:
    """Write a log with its samples, or its header, changed."""
    log = read_eval_log(str(LOGS / name))
    change(log)
    path = folder / f"changed{(LOGS / name).suffix}"
    write_eval_log(log, str(path))
    return path


def with_topics(log):
    for index, sample in enumerate(sorted(log.samples, key=lambda sample: str(sample.id))):
        sample.metadata = {**(sample.metadata or {}), "topic": "abc"[index // 3 % 3]}


def with_logprobs(log):
    for index, sample in enumerate(log.samples):
        if index % 7 == 6:
            continue
        tokens = [
            Logprob(token=f"t{place}", logprob=-((index * 7 + place * 3) % 11) / 10) for place in range(index % 5)
        ]
        sample.output.choices[0].prompt_logprobs = Logprobs(content=tokens)
        sample.metadata = {**(sample.metadata or {}), "num_target_tokens": 1 + index % 3}


FORMULAS = [
    (r"So \boxed{\frac{1}{2}}", "0.5"), ("The answer is 42.", "42"), ("x = 5", "5"), ("3", "4"), ("no idea", "1"),
    (r"$\sqrt{8}$", r"2\sqrt{2}"), ("50%", "1/2"), ("", "7"),
]  # fmt: skip


def with_formulas(log):
    for index, sample in enumerate(log.samples):
        answer, sample.target = FORMULAS[index % len(FORMULAS)]
        sample.output.completion = sample.output.choices[0].message.content = answer


@both_actions
@pytest.mark.parametrize("name", ["a_scored.eval", "b_unscored.json"])
def test_scanners_of_inspect_scout_run_as_they_are(name, action, tmp_path):
    file, module = SCORERS / "scout_scanners.py", their_file("scout_scanners.py")
    wanted = [text for scanner in SCANNERS for text in ("--scorer", f"{file}@{scanner}")]
    ours = score_ours(LOGS / name, tmp_path / f"ours{Path(name).suffix}", *wanted, "--action", action)
    scorers = [as_scorer(getattr(module, scanner)()) for scanner in SCANNERS]
    theirs = score_theirs(LOGS / name, tmp_path / f"theirs{Path(name).suffix}", scorers, action=action)
    assert_same_log(ours, theirs)


@both_actions
def test_scanners_need_no_more_than_other_imports(action, tmp_path):
    log, module = LOGS / "a_scored.eval", their_file("scout_scanners.py")
    file = our_file("scout_scanners.py", tmp_path)
    assert "inspect" not in file.read_text().partition("import")[2]
    wanted = [text for scanner in SCANNERS for text in ("--scorer", f"{file}@{scanner}")]
    ours = score_ours(log, tmp_path / "ours.eval", *wanted, "--action", action)
    scorers = [as_scorer(getattr(module, scanner)()) for scanner in SCANNERS]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action=action))


def test_options_of_scanners_are_in_the_log(tmp_path):
    # Inspect's log does not have them, so that it scores with others the next time.
    arguments = ("--scorer", f"{SCORERS / 'scout_scanners.py'}@said", "-S", "word=a", "--action", "overwrite")
    ours = score_ours(LOGS / "b_unscored.eval", tmp_path / "ours.eval", *arguments)
    assert ours.eval.scorers[0].options == {"word": "a"}
    scanner = their_file("scout_scanners.py").said(word="a")
    theirs = score_theirs(LOGS / "b_unscored.eval", tmp_path / "theirs.eval", [as_scorer(scanner)], action="overwrite")
    assert [sample.scores for sample in ours.samples] == [sample.scores for sample in theirs.samples]


@both_actions
@pytest.mark.parametrize("scorer", ["perplexity", "target_perplexity"])
def test_perplexities_over_epochs_and_reducers(scorer, action, tmp_path):
    log = changed("a_scored.eval", tmp_path, with_logprobs)
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", scorer, "--action", action)
    theirs = score_theirs(log, tmp_path / "theirs.eval", [getattr(inspect_scorer, scorer)()], action=action)
    assert_same_log(ours, theirs)
    rows = [row for row in ours.results.scores if row.scorer == scorer]
    assert {row.reducer for row in rows} == {"mean", "at_least_2"}
    assert all(metric.value > 1 for row in rows for metric in row.metrics.values())


def test_perplexity_metrics_stand_beside_metrics_of_users(tmp_path):
    log, file = changed("a_scored.eval", tmp_path, with_logprobs), our_file("of_users.py", tmp_path)
    wanted = [text for name in ("perplexity_per_seq", f"{file}@kinds", "mean") for text in ("--metric", name)]
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", "perplexity", *wanted, "--action", "overwrite")
    metrics = [inspect_scorer.perplexity_per_seq(), their_file("of_users.py").kinds(), inspect_scorer.mean()]
    theirs = score_theirs(
        log, tmp_path / "theirs.eval", [inspect_scorer.perplexity()], action="overwrite", metrics=metrics
    )
    assert_same_log(ours, theirs)


@both_actions
def test_math(action, tmp_path):
    log = changed("a_scored.eval", tmp_path, with_formulas)
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", "math", "-S", "timeout=30", "--action", action)
    theirs = score_theirs(log, tmp_path / "theirs.eval", [inspect_scorer.math(timeout=30)], action=action)
    for log in (ours, theirs):  # the explanation of what cannot be read is in other words
        for sample in log.samples:
            score = sample.scores["math"]
            if score.reason is not None:
                score.explanation = None
            for event in sample.events:
                if event.event == "score" and event.score.reason is not None:
                    event.score.explanation = None
        for reductions in log.reductions:
            for score in reductions.samples:
                score.explanation = None
    assert_same_log(ours, theirs)


def test_math_that_hangs_costs_one_sample(make_log, tmp_path):
    log = read_eval_log(str(make_log(samples=6)))
    hanging = log.samples[2]
    hanging.output.choices[0].message.content = hanging.output.completion = "(x+y+z+w)^400"
    hanging.target = "(x+y+z+w+1)^399"
    write_eval_log(log, str(tmp_path / "hangs.eval"))
    ours = score_ours(tmp_path / "hangs.eval", tmp_path / "ours.eval", "--scorer", "math", "-S", "timeout=1")
    status = {sample.id: sample.scores["math"].metadata["math_scorer_status"] for sample in ours.samples}
    assert status.pop(hanging.id) == "answer_timeout"
    assert set(status.values()) == {"correct", "incorrect"}


@both_actions
@pytest.mark.parametrize("name", ["a_scored.eval", "b_unscored.json"])
def test_scorers_made_of_others(name, action, tmp_path):
    log, file = changed(name, tmp_path, with_topics), our_file("combined.py", tmp_path)
    wanted = [text for scorer in COMBINED for text in ("--scorer", f"{file}@{scorer}")]
    ours = score_ours(log, tmp_path / f"ours{log.suffix}", *wanted, "--action", action)
    module = their_file("combined.py")
    scorers = [getattr(module, scorer)() for scorer in COMBINED]
    assert_same_log(ours, score_theirs(log, tmp_path / f"theirs{log.suffix}", scorers, action=action))


@pytest.mark.parametrize("reducer", ["mean", "mode", "at_least_2"])
def test_options_of_scorers_made_of_others(reducer, tmp_path):
    log, file = changed("b_unscored.eval", tmp_path, with_topics), our_file("combined.py", tmp_path)
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", f"{file}@panel", "-S", f"reducer={reducer}")
    theirs = score_theirs(
        log, tmp_path / "theirs.eval", [their_file("combined.py").panel(reducer=reducer)], action="overwrite"
    )
    assert_same_log(ours, theirs)


@both_actions
def test_scores_from_a_file(action, tmp_path):
    log = LOGS / "a_scored.eval"
    ids = [sample.id for sample in read_eval_log(str(log)).samples if sample.epoch == 1]
    records = [{"id": sample_id, "value": "C", "explanation": "by hand"} for sample_id in ids[:12]]
    records += [{"id": sample_id, "epoch": 2, "value": 0.25, "metadata": {"by": "ann"}} for sample_id in ids[::3]]
    file = tmp_path / "ratings.json"
    file.write_text(json.dumps(records))
    arguments = ("--scorer", "precomputed_scores", "-S", f"scores={file}", "--action", action)
    ours = score_ours(log, tmp_path / "ours.eval", *arguments)
    scorers = [inspect_scorer.precomputed_scores(str(file))]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action=action))


def test_a_file_of_scores_that_a_log_names_is_not_opened(tmp_path):
    (tmp_path / "secret.json").write_text('[{"id": 1, "value": 1}]')

    def tempting(log):
        log.eval.scorers[0].name = "precomputed_scores"
        log.eval.scorers[0].options = {"scores": str(tmp_path / "secret.json")}

    log = changed("a_scored.eval", tmp_path, tempting)
    result = command("score", log, "--output-file", tmp_path / "out.eval", "--display", "none")
    assert result.exit_code == 2
    assert "which is not opened" in result.output.replace("\n", " ")


def test_metrics_of_the_task_replace_the_scorers_own(tmp_path):
    def of_task(log):
        log.eval.metrics = [EvalMetricDefinition(name=f"inspect_ai/{name}", options={}) for name in ("std", "mean")]

    log = changed("b_unscored.eval", tmp_path, of_task)
    arguments = ("--scorer", "match", "--scorer", "cascade", "--action", "overwrite")
    ours = score_ours(log, tmp_path / "ours.eval", *arguments)
    scorers = [inspect_scorer.match(), inspect_scorer.cascade()]
    theirs = score_theirs(log, tmp_path / "theirs.eval", scorers, action="overwrite")
    assert_same_log(ours, theirs)
    assert [list(row.metrics) for row in ours.results.scores] == [["std", "mean"]] * 4


def test_metrics_of_the_task_by_key_replace_the_scorers_own(tmp_path):
    file = our_file("combined.py", tmp_path)

    def of_task(log):
        with_topics(log)
        log.eval.metrics = {"len_*": [EvalMetricDefinition(name="inspect_ai/std", options={})]}

    log = changed("b_unscored.eval", tmp_path, of_task)
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", f"{file}@longest", "--action", "overwrite")
    theirs = score_theirs(log, tmp_path / "theirs.eval", [their_file("combined.py").longest()], action="overwrite")
    assert_same_log(ours, theirs)
    assert [row.name for row in ours.results.scores if row.reducer == "mean"] == ["len_text", "len_target"]


@both_actions
@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_what_a_log_says_to_the_viewer_is_kept(name, action, tmp_path):
    viewer = ViewerConfig(
        trust_content=False,
        sample_score_view=SampleScoreView(default="grid"),
        task_samples_view=TaskSamplesView(name="By score", multiline=True, score_labels={"match": "Right"}),
    )

    def hinted(log):
        log.eval.viewer = viewer

    log = changed(name, tmp_path, hinted)
    ours = score_ours(log, tmp_path / f"ours{log.suffix}", "--scorer", "includes", "--action", action)
    assert ours.eval.viewer == viewer
    again = score_ours(tmp_path / f"ours{log.suffix}", tmp_path / f"again{log.suffix}", "--scorer", "exact")
    assert again.eval.viewer == viewer
