"""The examples of Inspect's pages on standard scorers, the scoring workflow and scoring policy, in our words.

============================  ======================================================================================
Section                       Test
============================  ======================================================================================
Standard Scorers: Overview    `test_an_eval_without_scores_is_scored_as_its_task_says`, also by a worker
Perplexity: Examples          `test_perplexity_of_prompts_and_of_targets`; more in `test_other_scorers.py`
Unscored Evals                `test_an_eval_without_scores_is_scored_as_its_task_says`
Score Command                 `test_the_command_takes_a_name_a_file_a_name_in_a_file_and_options`; packages:
                              `test_inspect_files.py`
Overwriting Logs, Scores      `test_overwriting_the_log_and_its_scores`; `test_terminal.py`, `test_score_command.py`
(append and foreign metrics)  `test_to_append_nobody_needs_the_metrics_of_the_task`
Score Function                `test_several_grader_models_over_one_log`, `test_one_log_for_each_grader_model`
Editing Scores                `test_edit.py`, `test_edit_log.py`, `test_look_and_edit.py`
Scoring Policy: outcomes      `test_only_verdicts_count`
Interpreting coverage         `test_an_unscored_epoch_leaves_the_sample_scored`
============================  ======================================================================================

``preserve_history`` of the newest page is not in Inspect 0.3.285.
"""

from __future__ import annotations

import itertools
import os
import shutil

import inspect_ai
import inspect_ai.log
import inspect_ai.model
import inspect_ai.scorer as theirs
import pytest
from both_sides import Example, assert_same_results, assert_same_scores, evaluated, judge, without_options
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from parity import assert_same_log, command, score_ours, score_theirs

import evalstream.scorers as own
from evalstream import read_eval_log as read_ours
from evalstream import score, write_eval_log
from evalstream.scorers import match, model_graded_qa

SAID = {"Capital of France?": "Paris", "Capital of Italy?": "It is Rome.", "Capital of Spain?": "Lisbon"}
SAMPLES = [
    Sample(input=question, target=target) for question, target in zip(SAID, ["Paris", "Rome", "Madrid"], strict=True)
]


@pytest.fixture
def log(tmp_path):
    return evaluated(tmp_path, SAMPLES, SAID, scorer=theirs.match())


def by_a_worker(log, folder):
    broker = f"embedded://{folder / 'broker'}"
    for line in (
        ("publish", log, "--broker", broker),
        ("worker", "--broker", broker, "--log-dir", folder / "scored", "--exit-when-idle", "0.1"),
    ):
        said = command(*line)
        assert said.exit_code == 0, said.output
    [path] = (folder / "scored").glob("*.eval")
    return read_eval_log(str(path))


@pytest.mark.parametrize("way", ["command", "worker", "python"])
def test_an_eval_without_scores_is_scored_as_its_task_says(way, log, tmp_path):
    assert read_eval_log(str(log)).results.scores == []
    if way == "command":
        ours = score_ours(log, tmp_path / "ours.eval")
    elif way == "worker":
        ours = by_a_worker(log, tmp_path)
    else:
        ours = score(inspect_ai.log.read_eval_log(str(log)), match(), action="overwrite", display="none")
    live = evaluated(tmp_path / "live", SAMPLES, SAID, scorer=theirs.match(), score=True)
    assert_same_scores(ours, read_eval_log(str(live)))
    assert ours.results.scores[0].metrics["accuracy"].value == pytest.approx(2 / 3)


def test_perplexity_of_prompts_and_of_targets(tmp_path):
    from inspect_ai.model import Logprob, Logprobs

    samples = [
        Sample(input="The capital of France is Paris", target="Paris", metadata={"num_target_tokens": 1}),
        Sample(input="Two and two are four", target="are four", metadata={"num_target_tokens": 2}),
    ]
    log = read_eval_log(
        str(evaluated(tmp_path, samples, "!", scorer=[theirs.perplexity(), theirs.target_perplexity()]))
    )
    for place, sample in enumerate(log.samples, 1):
        tokens = [Logprob(token=word, logprob=-0.3 * place * at) for at, word in enumerate(sample.input.split())]
        sample.output.choices[0].prompt_logprobs = Logprobs(content=tokens)
    path = tmp_path / "with_logprobs.eval"
    inspect_ai.log.write_eval_log(log, str(path))
    scorers = [theirs.perplexity(), theirs.target_perplexity()]
    ours = score_ours(path, tmp_path / "ours.eval")
    assert_same_log(ours, score_theirs(path, tmp_path / "theirs.eval", scorers, action="overwrite"))


def test_the_command_takes_a_name_a_file_a_name_in_a_file_and_options(log, tmp_path):
    example, one = Example("documented_several.py", tmp_path), Example("documented.py", tmp_path)
    for place, (arguments, scorer) in enumerate(
        [
            (["match"], theirs.match()),
            (["match", "-S", "location=begin"], theirs.match(location="begin")),
            ([one.file], one.theirs.answer_letter()),
            ([f"{example.file}@classify"], example.theirs.classify()),
            ([f"{example.file}@classify", "-S", "short=3"], example.theirs.classify(short=3)),
        ]
    ):
        ours = score_ours(log, tmp_path / f"ours{place}.eval", "--scorer", *arguments)
        assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", [scorer], action="overwrite"))


def test_overwriting_the_log_and_its_scores(log, tmp_path):
    example = Example("documented_several.py", tmp_path)
    copy = tmp_path / "copy.eval"
    shutil.copy(log, copy)
    assert command("score", copy, "--overwrite", "--display", "none").exit_code == 0
    for action, names in (("append", ["match", "classify"]), ("overwrite", ["begins_with"])):
        named = example.named(names[-1])
        assert command("score", copy, *named, "--action", action, "--overwrite", "--display", "none").exit_code == 0
        assert [row.name for row in read_eval_log(str(copy)).results.scores] == names


def test_to_append_nobody_needs_the_metrics_of_the_task(tmp_path):
    example = Example("documented_metrics.py", tmp_path)
    log = evaluated(tmp_path, SAMPLES, SAID, scorer=theirs.match(), metrics=[example.theirs.average()], score=True)
    arguments = ("--scorer", "includes", "--action", "append")
    ours = score_ours(log, tmp_path / "ours.eval", *arguments)
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", [theirs.includes()], action="append"))
    assert [list(row.metrics) for row in ours.results.scores] == [["average"], ["accuracy", "stderr"]]


GRADERS = {"strict": "GRADE: I", "kind": "GRADE: C", "broken": "I cannot say."}


def grader(library, name):
    return judge(library, GRADERS[name], name=name)


def test_several_grader_models_over_one_log(log):
    ours, wanted = read_ours(log), read_eval_log(str(log))
    scored = [score(ours, model_graded_qa(model=grader(own, name)), display="none") for name in GRADERS]
    reference = [
        inspect_ai.score(wanted, theirs.model_graded_qa(model=grader(inspect_ai.model, name)), display="none")
        for name in GRADERS
    ]
    for one, other in zip(scored, reference, strict=True):
        without_options(one, other)
        assert_same_scores(one, other)
    accuracies = [one.results.scores[0].metrics["accuracy"].value for one in scored]
    assert accuracies[:2] == [0, 1]
    assert ours == read_ours(log)


def test_one_log_for_each_grader_model(log, tmp_path):
    read = read_ours(log)
    scored = [
        score(read, model_graded_qa(model=grader(own, name)), action="append", display="none") for name in GRADERS
    ]
    for name, one in zip(GRADERS, scored, strict=True):
        base, ending = os.path.splitext(log)  # noqa: PTH122 - as users write it
        write_eval_log(one, f"{base}_{f'mockllm/{name}'.replace('/', '_')}{ending}")
    for name in GRADERS:
        [written] = tmp_path.glob(f"*_mockllm_{name}.eval")
        reference = inspect_ai.score(
            read_eval_log(str(log)), theirs.model_graded_qa(model=grader(inspect_ai.model, name)), action="append",
            display="none",
        )  # fmt: skip
        found = read_eval_log(str(written))
        assert found.eval.scorers[-1].options == {"model": f"mockllm/{name}"}
        without_options(found, reference)
        assert_same_scores(found, reference)


OUTCOMES = ["It is Rome", "Paris", "break", "unclear", "not mine", ""]


def test_only_verdicts_count(tmp_path):
    example = Example("documented_policy.py", tmp_path)
    samples = [Sample(input=said or "nothing", target="Rome") for said in OUTCOMES]
    says = {said or "nothing": said for said in OUTCOMES}
    log = evaluated(tmp_path, samples, says, scorer=example.theirs.of_each_outcome(), score=True)
    out = tmp_path / "ours.eval"
    done = command("score", log, *example.named("of_each_outcome"), "--action", "overwrite", "--output-file", out)
    assert done.exit_code == 1
    ours, live = read_eval_log(str(out)), read_eval_log(str(log))
    assert_same_results(ours, live)
    [row] = [row for row in ours.results.scores if "accuracy" in row.metrics]
    assert (row.scored_samples, row.unscored_samples) == (3, 1)
    assert row.metrics["accuracy"].value == pytest.approx(1 / 3)
    assert [sorted(sample.scores or {}) for sample in ours.samples] == [
        sorted(sample.scores or {}) for sample in live.samples
    ]
    assert "the checker is broken" in ours.error.message


def test_an_unscored_epoch_leaves_the_sample_scored(tmp_path):
    example = Example("documented_policy.py", tmp_path)
    said = itertools.cycle(["It is Rome", "unclear", ""])
    log = evaluated(tmp_path, [Sample(input="?", target="Rome")], lambda _: next(said), epochs=2)
    ours = score_ours(log, tmp_path / "ours.eval", *example.named("of_each_outcome"))
    scorers = [example.theirs.of_each_outcome()]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", scorers, action="overwrite"))
    reduced = ours.results.scores[0]
    assert (reduced.scored_samples, reduced.unscored_samples, reduced.metrics["accuracy"].value) == (1, 0, 1)
