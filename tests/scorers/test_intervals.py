import math
from random import Random

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer._metrics.std import _t_inv_cdf
from metric_oracle import assert_same_bits, column_of, scalars, scores_of

from evalstream.scorers import metrics as ours
from evalstream.scorers.metrics.student_t import t_quantile

shares = st.one_of(st.sampled_from(["C", "I", "P", 0, 1.0, True]), st.floats(0, 1))
clusters = st.sampled_from([0, 1.0, True, "1", "x"])
levels = st.sampled_from([0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999999, 1 - 2**-53]) | st.floats(1e-9, 0.999)


@given(st.integers(1, 400) | st.sampled_from([999, 10_000, 99_999, 1_000_000]), levels)
def test_t_quantiles_equal_inspects_to_the_last_bit(df, level):
    p = min(1.0 - (1.0 - level) / 2.0, math.nextafter(1.0, 0.0))
    assert repr(t_quantile(p, df)) == repr(_t_inv_cdf(p, df))


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_t_quantiles_of_one_and_two_degrees_have_a_closed_form(level):
    p = (1 + level) / 2
    assert math.isclose(t_quantile(p, 1), math.tan(math.pi * (p - 0.5)), rel_tol=1e-12)
    assert math.isclose(t_quantile(p, 2), (2 * p - 1) * math.sqrt(2 / (4 * p * (1 - p))), rel_tol=1e-12)


@pytest.mark.parametrize(("p", "df"), [(0.4, 3), (1.0, 3), (math.nan, 3), (0.9, 0)])
def test_there_is_no_quantile_out_of_range(p, df):
    with pytest.raises(ValueError, match="quantile"):
        t_quantile(p, df)


@given(values=st.lists(scalars, max_size=30), level=levels)
def test_ci_equals_inspects_to_the_last_bit(values, level):
    assert_same_bits("ci", {"level": level}, {"level": level}, values)


@settings(max_examples=50)
@given(pairs=st.lists(st.tuples(st.floats(-9, 9) | shares, clusters), max_size=30), level=levels)
def test_clustered_ci_equals_inspects_to_the_last_bit(pairs, level):
    options = {"level": level, "cluster": "c"}
    assert_same_bits("ci", options, options, [v for v, _ in pairs], [{"c": c} for _, c in pairs])


@settings(max_examples=30)
@given(pairs=st.lists(st.tuples(scalars, clusters), max_size=20), cluster=st.sampled_from([None, "c"]), level=levels)
def test_bootstrapped_ci_equals_inspects_with_the_same_seed(pairs, cluster, level):
    options = {"level": level, "method": "bootstrap", "num_samples": 20, "cluster": cluster}
    assert_same_bits("ci", options, options, [v for v, _ in pairs], [{"c": c} for _, c in pairs])


@given(pairs=st.lists(st.tuples(shares, clusters), max_size=30), cluster=st.sampled_from([None, "c"]), level=levels)
def test_wilson_equals_inspects_to_the_last_bit(pairs, cluster, level):
    options = {"level": level, "cluster": cluster}
    assert_same_bits("ci_wilson", options, options, [v for v, _ in pairs], [{"c": c} for _, c in pairs])


@pytest.mark.parametrize("name", ["ci", "ci_wilson"])
@pytest.mark.parametrize("cluster", [None, "c"])
@pytest.mark.parametrize("count", [7, 8, 9, 129, 5_000])
def test_intervals_equal_inspects_on_long_lists(name, cluster, count):
    random = Random(count)
    values = [random.choice(["C", "I", random.random()]) for _ in range(count)]
    metadata = [{"c": random.randrange(count // 4 + 1)} for _ in values]
    assert_same_bits(name, {"cluster": cluster}, {"cluster": cluster}, values, metadata)


@pytest.mark.parametrize("name", ["ci", "ci_wilson"])
@pytest.mark.parametrize("options", [{}, {"cluster": "c"}, {"cluster": "nothing"}])
@pytest.mark.parametrize("values", [[], ["C"], [0.5, 0.5], [math.nan, 1.0], [math.inf, 1.0], [-0.5], [2, 1]])
def test_intervals_of_few_and_special_scores(name, options, values):
    assert_same_bits(name, options, options, values, [{"c": 1}] * len(values))


@pytest.mark.parametrize("name", ["ci", "ci_wilson"])
@pytest.mark.parametrize("level", [0, 1, 1.5, -1, math.nan])
def test_a_level_out_of_range_is_refused(name, level):
    for library in (ours, theirs):
        with pytest.raises(ValueError, match="level"):
            getattr(library, name)(level=level)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'z'"):
        ours.ci(method="z")


def test_known_intervals():
    scores = scores_of(["C", "I", "P", "N"])
    assert ours.ci()(scores) == {"lower": -0.3867400904144054, "upper": 1.1367400904144054}
    assert ours.ci_wilson()(scores) == {"lower": 0.09189922917901217, "upper": 0.7805734799346371}


def test_intervals_take_their_own_conversion():
    def mirrored(value):
        return 1.0 - value

    for name in ("ci", "ci_wilson"):
        expected = getattr(ours, name)()(column_of([0.0, 0.25, 1.0]))
        assert getattr(ours, name)(to_float=mirrored)(column_of([1.0, 0.75, 0.0])) == expected
