"""From metrics to their aggregates, and what these are where scores are few or do not fit."""

import math

import aggregate_checks as checks
import pytest

from evalstream.scorers.aggregates import aggregate_for
from evalstream.scorers.aggregates.clustered import ClusteredStderr
from evalstream.scorers.aggregates.frequency import Frequency
from evalstream.scorers.aggregates.grouped import Grouped
from evalstream.scorers.aggregates.interval import TInterval, WilsonInterval
from evalstream.scorers.aggregates.krippendorff import IntervalAlpha, NominalAlpha
from evalstream.scorers.aggregates.of_key import OfKey
from evalstream.scorers.metric import metric
from evalstream.scorers.metrics import (
    accuracy,
    aggregate,
    bootstrap_stderr,
    ci,
    ci_wilson,
    frequency,
    grouped,
    krippendorff_alpha,
    mean,
    std,
    stderr,
    var,
)
from evalstream.scorers.value import value_to_float


def test_each_built_in_metric_finds_its_aggregate_and_options():
    @metric
    def own():
        return lambda scores: 0.0

    halves = value_to_float(correct="I", incorrect="C")
    for made, expected in ((accuracy, 0.0), (mean, 0.0), (var, 0), (std, 0), (stderr, 0)):
        running = aggregate_for(made(to_float=halves))
        running.update("C")
        assert running.get() == expected
    assert isinstance(aggregate_for(stderr(cluster="c")), ClusteredStderr)
    by_group = aggregate_for(
        grouped(accuracy(halves), "g", all="groups", all_label="sum", name_template="[{group_name}]")
    )
    by_group.update("I", {"g": 1})
    assert by_group.get() == {"[1]": 1.0, "sum": 1.0}
    for without in (
        own(),
        len,
        bootstrap_stderr(),
        grouped(own(), "g"),
        grouped(bootstrap_stderr(), "g"),
        grouped(grouped(mean(), "g"), "g"),
        grouped(ci(), "g"),
        grouped(frequency(), "g"),
        grouped(aggregate("k", ci_wilson()), "g"),
        ci(method="bootstrap"),
        aggregate("k", own()),
        krippendorff_alpha("ordinal"),
    ):
        assert aggregate_for(without) is None


@pytest.mark.parametrize(
    ("made", "kind", "value", "expected"),
    [
        (ci(0.5, cluster="c"), TInterval, "C", {"lower": 1.0, "upper": 1.0}),
        (ci_wilson(0.5), WilsonInterval, "C", ci_wilson(0.5)([checks.SampleScore(score=checks.Score(value=1))])),
        (frequency(["b"], normalize=False), Frequency, "C", {"b": 0.0, "C": 1.0}),
        (aggregate("k", mean(), on_missing="zero"), OfKey, {}, 0.0),
        (aggregate("k", ci(), to_float=len), OfKey, {"k": "abc"}, {"lower": 3.0, "upper": 3.0}),
        (krippendorff_alpha(), NominalAlpha, ["C", "I"], 0.0),
        (krippendorff_alpha("interval", to_float=len), IntervalAlpha, ["a", "bb"], 0.0),
        (grouped(aggregate("k", mean()), "c", all=False), Grouped, {"k": 0.5}, {"1": 0.5}),
    ],
)
def test_aggregates_are_made_from_the_options_of_the_metric(made, kind, value, expected):
    running = aggregate_for(made)
    assert isinstance(running, kind)
    running.update(value, {"c": 1})
    assert running.get() == expected


@pytest.mark.parametrize(
    ("made", "value", "metadata"),
    [
        (ci(cluster="c"), 1.0, {}),
        (ci_wilson(), 2.0, {}),
        (ci_wilson(), math.nan, {}),
        (ci_wilson(cluster="c"), 0.5, None),
        (frequency(), ["C"], {}),
        (aggregate("k", mean()), {"other": 1}, {}),
        (aggregate("k", stderr(cluster="c")), {"k": 1}, {}),
        (krippendorff_alpha("interval"), ["C", "I"], {}),
    ],
)
def test_a_score_that_does_not_fit_changes_nothing_when_added_or_taken_back(made, value, metadata):
    running = aggregate_for(made)
    before = checks.bits(running)
    for change in (running.update, running.retract):
        with pytest.raises((ValueError, TypeError)):
            change(value, metadata)
    assert checks.bits(running) == before


def test_aggregates_without_scores_give_what_results_hold():
    zeros = {"lower": 0.0, "upper": 0.0}
    for made in (ci(), ci(cluster="c"), ci_wilson()):
        assert aggregate_for(made).get() == zeros
    assert aggregate_for(frequency(["a"])).get() == {"a": 0.0}
    for made in (frequency(), ci_wilson(cluster="c"), aggregate("k", ci()), krippendorff_alpha()):
        assert math.isnan(aggregate_for(made).get())


def test_one_cluster_gives_no_wilson_interval_and_a_point_for_ci():
    wilson, interval = WilsonInterval(cluster="c"), TInterval(cluster="c")
    for value in (0, 1):
        wilson.update(value, {"c": 1})
        interval.update(value, {"c": 1})
    assert math.isnan(wilson.get())
    assert interval.get() == {"lower": 0.5, "upper": 0.5}


def test_alphas_are_exact_and_mind_nan_and_infinities():
    same = IntervalAlpha()
    for _ in range(10):
        same.update([0.1, 0.1, 0.1])
    assert same.get() == 1.0
    same.update([math.inf, 1])
    assert math.isnan(same.get())
    same.retract([math.inf, 1])
    assert same.get() == 1.0
    unequal = NominalAlpha()
    unequal.update([math.nan, math.nan])
    assert unequal.get() == 0.0, "NaN equals nothing, itself included"
