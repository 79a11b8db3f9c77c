"""The examples of Inspect's page on metrics, in our words, scored by us and by Inspect.

=======================================  ===========================================================================
Section                                  Test
=======================================  ===========================================================================
Overview                                 `test_metrics_of_a_task_replace_those_of_the_scorer`
Built-In Metrics                         `test_the_built_in_metrics_of_a_task`, `test_categories_that_nobody_got_are_0`
Metric Grouping, Clustered Stderr        `test_groups_and_clusters_of_a_multiple_choice_task`
Custom Metrics, Example                  `test_a_scorer_with_a_metric_of_its_own`
Reducing Epochs, Built-in Reducers       `test_epochs_are_reduced_as_the_task_says`
Custom Reducers                          `test_a_reducer_of_ones_own`
Metrics and Reducers                     `test_a_metric_may_ask_for_the_scores_of_each_epoch`,
                                         `test_a_metric_of_samples_needs_a_reducer`
Headline Metric                          `test_the_headline_is_what_the_task_names`
Multi-Judge Reliability                  `test_examples_of_multiple_scorers.py`
=======================================  ===========================================================================
"""

from __future__ import annotations

import itertools

import inspect_ai.scorer as theirs
import pytest
from both_sides import Example, assert_same_results, assert_same_scores, evaluated, score_both
from inspect_ai import Epochs
from inspect_ai.dataset import Sample
from inspect_ai.log import HeadlineMetric, read_eval_log
from inspect_ai.solver import multiple_choice
from parity import assert_same_log, command, score_ours, score_theirs

from evalstream.scorers import includes, load_file

COLOURS = [
    Sample(input="Colours of France?", target="blue white red", metadata={"category": "flags"}),
    Sample(input="Colours of Italy?", target="green white red", metadata={"category": "flags"}),
    Sample(input="Primary colours?", target="red yellow blue", metadata={"category": "paint"}),
]
NAMED = {"Colours of France?": "Blue, White and Red", "Colours of Italy?": "red", "Primary colours?": "no idea"}


@pytest.fixture
def example(tmp_path) -> Example:
    return Example("documented_metrics.py", tmp_path)


def cities(folder, epochs, answers=("Paris", "Rome", "Paris", "", "It is Paris", "Bern", "Paris"), **task):
    """Return a log of three samples; their epochs get different answers."""
    said = itertools.cycle(answers)
    samples = [Sample(input=f"Capital {number}?", target="Paris") for number in range(3)]
    return evaluated(folder, samples, lambda _: next(said), epochs=epochs, **task)


def by_both(example, log, folder, name, *arguments, **options):
    ours = score_ours(log, folder / "ours.eval", *example.named(name), *arguments)
    scorers = [getattr(example.theirs, name)()]
    assert_same_log(ours, score_theirs(log, folder / "theirs.eval", scorers, action="overwrite", **options))
    return ours


def test_metrics_of_a_task_replace_those_of_the_scorer(example, tmp_path):
    metrics = [theirs.accuracy(), theirs.stderr(), example.theirs.average()]
    log = evaluated(tmp_path, COLOURS, NAMED, scorer=theirs.includes(), metrics=metrics)
    load_file(example.file)
    mine, reference = score_both(log, includes(), theirs.includes())
    assert_same_scores(mine, reference)
    assert list(mine.results.scores[0].metrics) == ["accuracy", "stderr", "average"]


def test_the_built_in_metrics_of_a_task(tmp_path):
    made = [getattr(theirs, name)() for name in ("accuracy", "mean", "var", "std", "stderr", "frequency", "ci")]
    log = evaluated(tmp_path, COLOURS, NAMED, scorer=theirs.f1(), metrics=made, score=True)
    assert_same_results(score_ours(log, tmp_path / "ours.eval", "--action", "overwrite"), read_eval_log(str(log)))


def test_categories_that_nobody_got_are_0(example, tmp_path):
    made = by_both(example, evaluated(tmp_path, COLOURS, NAMED), tmp_path, "sorted_into")
    assert made.results.scores[0].metrics["unclear"].value == 0


def test_groups_and_clusters_of_a_multiple_choice_task(tmp_path):
    metrics = [
        theirs.grouped(theirs.accuracy(), "category"),
        theirs.grouped(theirs.accuracy(), "category", all="groups", all_label="mean of groups"),
        theirs.grouped(theirs.accuracy(), "category", name_template="category_{group_name}"),
        theirs.stderr(),
        theirs.stderr(cluster="category"),
    ]
    samples = [
        Sample(input=f"Question {n}?", choices=["yes", "no"], target="AB"[n % 2], metadata={"category": "ab"[n // 3]})
        for n in range(5)
    ]
    # Live scoring is what to compare with: Inspect's log does not keep the marks that its own `choice` reads.
    log = evaluated(
        tmp_path, samples, lambda text: f"ANSWER: {'B' if 'Question 1' in text else 'A'}",
        solver=multiple_choice(), scorer=theirs.choice(), metrics=metrics, score=True,
    )  # fmt: skip
    ours = score_ours(log, tmp_path / "ours.eval", "--action", "overwrite")
    assert_same_results(ours, read_eval_log(str(log)))
    found = ours.results.scores[0].metrics
    assert {"a", "b", "all", "mean of groups", "category_a", "stderr", "stderr2"} <= set(found)
    assert found["stderr"].value != found["stderr2"].value


def test_a_scorer_with_a_metric_of_its_own(example, tmp_path):
    made = by_both(example, evaluated(tmp_path, COLOURS, NAMED), tmp_path, "words_found")
    assert {name: metric.value for name, metric in made.results.scores[0].metrics.items() if name != "stderr"} == {
        "mean": pytest.approx(4 / 9), "share_from": pytest.approx(1 / 3)
    }  # fmt: skip


@pytest.mark.parametrize(
    "epochs",
    [Epochs(5, "mode"), Epochs(5, ["at_least_2", "at_least_5"]), Epochs(4, ["pass_at_2", "pass_k_2", "max", "median"])],
    ids=["one", "several", "of k"],
)
def test_epochs_are_reduced_as_the_task_says(epochs, example, tmp_path):
    made = by_both(example, cities(tmp_path, epochs), tmp_path, "right_or_nothing")
    reducers = made.eval.config.epochs_reducer
    assert [row.reducer for row in made.results.scores] == [*reducers, None]
    assert made.results.scores[-1].scored_samples == 3 * made.eval.config.epochs


@pytest.mark.parametrize("way", ["of the task", "of the command"])
def test_without_reducers_each_epoch_counts(way, example, tmp_path):
    log = cities(tmp_path, Epochs(3, []) if way == "of the task" else 3)
    options = ((), {}) if way == "of the task" else (("--epochs-reducer", "none"), {"epochs_reducer": []})
    made = by_both(example, log, tmp_path, "right_or_nothing", *options[0], **options[1])
    assert made.results.scores[0].scored_samples == 9


def test_a_reducer_of_ones_own(example, tmp_path):
    log = cities(tmp_path, 3)
    chosen = ("--epochs-reducer", "halfway,mean")
    made = by_both(example, log, tmp_path, "words_found", *chosen, epochs_reducer=["halfway", "mean"])
    assert [row.reducer for row in made.results.scores] == ["halfway", "mean"]


def test_a_metric_may_ask_for_the_scores_of_each_epoch(example, tmp_path):
    made = by_both(example, cities(tmp_path, Epochs(3, "mean")), tmp_path, "viewed_both_ways")
    assert {name: metric.value for name, metric in made.results.scores[-1].metrics.items()} == {"C": 5, "I": 4}


def test_a_metric_of_samples_needs_a_reducer(example, tmp_path):
    log = cities(tmp_path, 2)
    assert by_both(example, log, tmp_path, "one_a_sample").results.scores[0].metrics["of_each_sample"].value == 1
    with pytest.raises(ValueError, match="reduce"):
        score_theirs(log, tmp_path / "no.eval", [example.theirs.one_a_sample()], epochs_reducer=[])
    arguments = ("score", log, "--output-file", tmp_path / "no.eval", *example.named("one_a_sample"))
    said = command(*arguments, "--epochs-reducer", "none", "--display", "none")
    assert said.exit_code != 0
    assert "reduce" in said.output


def test_the_headline_is_what_the_task_names(tmp_path):
    log = evaluated(
        tmp_path, COLOURS, NAMED, scorer=[theirs.includes(), theirs.f1()], score=True,
        headline_metric=HeadlineMetric(scorer="f1", metric="stderr"),
    )  # fmt: skip
    live = read_eval_log(str(log))
    ours = score_ours(log, tmp_path / "ours.eval", "--action", "overwrite")
    assert ours.results.headline == live.results.headline
    assert (ours.results.headline.scorer, ours.results.headline.metric) == ("f1", "stderr")
