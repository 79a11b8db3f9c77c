import math
import sys
from random import Random

import inspect_ai.scorer as theirs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_oracle import assert_same_bits, column_of, scalars, scores_of

from evalstream.scorers import metrics as ours
from evalstream.scorers import registry
from evalstream.scorers.value import value_to_float

NAMES = ["accuracy", "mean", "var", "std", "stderr"]


@pytest.mark.parametrize("name", NAMES)
@given(values=st.lists(scalars, max_size=40))
def test_metrics_equal_inspects_to_the_last_bit(name, values):
    assert_same_bits(name, {}, {}, values)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [7, 8, 9, 127, 129, 5_000, 20_000])
def test_metrics_equal_inspects_on_long_lists(name, count):
    random = Random(count)
    assert_same_bits(name, {}, {}, [random.random() for _ in range(count)])


@given(
    st.lists(
        st.tuples(st.one_of(st.floats(-10, 10), st.sampled_from("CIP")), st.sampled_from([0, 1.0, True, "1", "x"])),
        max_size=60,
    )
)
def test_clustered_stderr_equals_inspects_to_the_last_bit(pairs):
    values, metadata = [v for v, _ in pairs], [{"c": c} for _, c in pairs]
    assert_same_bits("stderr", {"cluster": "c"}, {"cluster": "c"}, values, metadata)


@pytest.mark.parametrize("clusters", [2, 30, 700, 3_000])
def test_clustered_stderr_equals_inspects_on_long_lists(clusters):
    random = Random(clusters)
    values = [random.random() for _ in range(3_000)]
    metadata = [{"c": random.randrange(clusters)} for _ in values]
    assert_same_bits("stderr", {"cluster": "c"}, {"cluster": "c"}, values, metadata)


@pytest.mark.parametrize("total", ["samples", "groups", False])
@pytest.mark.parametrize("inner", [*NAMES])
def test_grouped_equals_inspects(inner, total):
    random = Random(1)
    values = [random.choice(["C", "I", 0.3, 2]) for _ in range(50)]
    metadata = [{"g": random.choice(["x", 1, None])} for _ in values]
    options = {"group_key": "g", "all": total, "all_label": "sum", "name_template": "<{group_name}>"}
    our_options = {**options, "metric": getattr(ours, inner)()}
    assert_same_bits("grouped", our_options, {**options, "metric": getattr(theirs, inner)()}, values, metadata)


@pytest.mark.parametrize("name", [*NAMES, "bootstrap_stderr"])
@pytest.mark.parametrize("values", [[], ["C"], [0.5], [math.inf, 1.0], [math.nan, 1.0]])
def test_metrics_on_none_one_and_special_scores(name, values):
    assert_same_bits(name, {}, {}, values)


@pytest.mark.parametrize("count", [2, 100])
def test_bootstrap_equals_inspects_with_the_same_seed(count):
    values = [Random(count).random() for _ in range(count)]
    results = []
    for module in (ours, theirs):
        np.random.seed(7)
        metric = module.bootstrap_stderr(num_samples=50)
        results.append(metric(scores_of(values, None, module if module is theirs else None)))
    assert results[0] == results[1]


def test_the_old_name_of_bootstrap_is_found():
    made = registry.create("metric", "inspect_ai/bootstrap_std", {"num_samples": 3})
    assert registry.log_name(made) == "inspect_ai/bootstrap_stderr"


def test_known_numbers():
    scores = scores_of(["C", "I", "P", "N"])
    assert ours.accuracy()(scores) == 0.375
    assert ours.stderr()(scores) == 0.23935677693908453
    assert ours.std()(scores) == 0.47871355387816905
    assert ours.var()(scores) == 0.22916666666666666
    tenths = scores_of([0.1] * 10)
    assert (ours.accuracy()(tenths), ours.mean()(tenths)) == (0.09999999999999999, 0.1)
    clustered = scores_of([1, 0, 1, 1, 0], [{"c": c} for c in "aabbc"])
    assert ours.stderr(cluster="c")(clustered) == 0.24979991993593592


@pytest.mark.parametrize("name", [*NAMES, "bootstrap_stderr"])
def test_metrics_take_their_own_conversion(name):
    reversed_scale = value_to_float(correct="I", incorrect="C")
    scores, mirrored = scores_of(["C", "I", "I"]), scores_of(["I", "C", "C"])
    np.random.seed(1)
    value = getattr(ours, name)(to_float=reversed_scale)(scores)
    np.random.seed(1)
    assert value == getattr(ours, name)()(mirrored)


@pytest.mark.parametrize("metadata", [None, {}, {"c": None}, {"c": math.nan}])
def test_a_sample_without_cluster_is_refused(metadata):
    with pytest.raises(ValueError, match="'c'"):
        ours.stderr(cluster="c")(scores_of([1, 0], [{"c": 1}, metadata]))


@pytest.mark.parametrize("metadata", [None, {}, {"other": 1}])
def test_a_sample_without_group_is_refused(metadata):
    with pytest.raises(ValueError, match="'g'"):
        ours.grouped(ours.mean(), "g")(scores_of([1, 0], [{"g": 1}, metadata]))


def test_a_group_named_like_the_total_is_refused():
    with pytest.raises(ValueError, match="'all'"):
        ours.grouped(ours.mean(), "g")(scores_of([1], [{"g": "all"}]))
    assert ours.grouped(ours.mean(), "g", all=False)(scores_of([1], [{"g": "all"}])) == {"all": 1.0}


def test_a_users_metric_inside_grouped_gets_real_lists():
    seen = []

    def inner(scores):
        seen.append(scores)
        return len(scores)

    result = ours.grouped(inner, "g")(column_of(["C", "I"], [{"g": "x"}, {"g": "y"}]))
    assert result == {"x": 1, "y": 1, "all": 2}
    assert [type(scores) for scores in seen] == [list] * 3
    assert seen[0][0].score.value == "C"
    assert ours.grouped(ours.mean(), "g", all=False)([]) == {}


def test_importing_metrics_does_not_import_numpy():
    import subprocess

    code = "import sys, evalstream.scorers.metrics, evalstream.scorers.aggregates; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_value_that_is_no_number_is_told_once_for_each_kind(caplog):
    to_float = value_to_float()
    for _ in range(3):
        assert [to_float(v) for v in ({}, {"a": 1}, [1], (), None, "x", "other", "C", 0.5)] == [0.0] * 7 + [1.0, 0.5]
    told = [record.getMessage().split(" is not")[0] for record in caplog.records]
    assert told == [f"A score value of {v}" for v in ("{}", "[1]", "()", "None", "'x'")]
    value_to_float()({})
    assert len(caplog.records) == 6
