import math
from fractions import Fraction
from random import Random

import aggregate_checks as checks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalstream.scorers.aggregates.base import SCORE_METADATA
from evalstream.scorers.aggregates.clustered import ClusteredStderr
from evalstream.scorers.aggregates.exact_sum import ExactSum, divide, sqrt_ratio
from evalstream.scorers.aggregates.grouped import Grouped
from evalstream.scorers.aggregates.mean import Mean
from evalstream.scorers.aggregates.variance import Variance
from evalstream.scorers.metrics import accuracy

finite = st.floats(allow_nan=False, allow_infinity=False)
any_float = st.floats(allow_nan=True, allow_infinity=True)
values = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "0.3", "other"]), st.booleans(), st.integers(-5, 5), finite, st.floats(0, 1)
)
tame = st.one_of(st.sampled_from(["C", "I", "P", "N", "0.3"]), st.booleans(), st.integers(-5, 5), st.floats(0, 1))
quarters = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "0.25"]), st.booleans(), st.integers(-20, 20).map(lambda i: i / 4)
)
token_counts = st.one_of(
    st.none(), st.fixed_dictionaries({}, optional={"num_tokens": st.integers(0, 5), "sum_log_probs": st.floats(-9, 0)})
)
metadata = st.fixed_dictionaries(
    {
        "c": st.sampled_from([0, 1, 1.0, True, "1", "x", 2.5]),
        "g": st.sampled_from(["x", "y", 3, None]),
        SCORE_METADATA: token_counts,
    }
)


def dicts_of(leaves):
    return st.dictionaries(st.sampled_from(["k", "other"]), st.one_of(leaves, leaves, st.none(), st.just(math.nan)))


def ratings_of(one):
    return st.one_of(*[st.lists(one, min_size=2, max_size=4)] * 4, st.lists(one, max_size=1).map(tuple), one)


SHAPES = {"of key": dicts_of, "clustered of key": dicts_of, "nominal alpha": ratings_of, "interval alpha": ratings_of}
"""Aggregates of values that are dicts or lists, made from what others take."""


def items(name, of=values):
    return st.lists(st.tuples(SHAPES.get(name, lambda leaves: leaves)(of), metadata), max_size=12)


every_aggregate = pytest.mark.parametrize("name", checks.LISTED)
quick = settings(max_examples=30)


@every_aggregate
@quick
@given(data=st.data(), random=st.randoms(use_true_random=False))
def test_order_does_not_matter(name, data, random: Random):
    some = data.draw(items(name))
    shuffled = some.copy()
    random.shuffle(shuffled)
    checks.check_order_does_not_matter(checks.LISTED[name][0], some, shuffled)


@every_aggregate
@quick
@given(data=st.data())
def test_update_then_retract_leaves_no_trace(name, data):
    some, others = data.draw(items(name)), data.draw(items(name, st.one_of(values, any_float)))
    checks.check_update_then_retract_leaves_no_trace(checks.LISTED[name][0], some, others)


@every_aggregate
@quick
@given(data=st.data())
def test_merge_is_associative_and_commutative(name, data):
    a, b, c = (data.draw(items(name)) for _ in range(3))
    checks.check_merge_is_associative_and_commutative(checks.LISTED[name][0], a, b, c)
    checks.check_merging_the_empty_changes_nothing(checks.LISTED[name][0], a)
    checks.check_merge_leaves_the_other_as_it_is(checks.LISTED[name][0], a, b, c)


@every_aggregate
@quick
@given(data=st.data())
def test_state_survives_json(name, data):
    some, others = data.draw(items(name)), data.draw(items(name))
    checks.check_state_survives_json(checks.LISTED[name][0], some, others)


@every_aggregate
@quick
@given(data=st.data())
def test_running_equals_the_metric(name, data):
    make, batch = checks.LISTED[name]
    # Where ratings hardly differ, the metric's float sums are mostly rounding; the aggregate's are exact.
    some = data.draw(items(name, quarters if name == "interval alpha" else tame))
    checks.check_equals_the_metric(make, batch, some)


@given(st.lists(st.sampled_from(["C", "I", "P", "N", True, 0, 1.0, 0.5]), min_size=1))
def test_mean_of_simple_scores_is_exactly_the_metric(simple):
    some = [(value, {}) for value in simple]
    scores = [checks.SampleScore(score=checks.Score(value=value)) for value in simple]
    assert checks.filled(Mean, some).get() == accuracy()(scores)


@given(st.lists(finite))
def test_sum_is_the_exact_one_rounded_once(numbers):
    total = ExactSum()
    for x in numbers:
        total.add(x)
    exact = sum(map(Fraction, numbers), Fraction(0))
    assert total.value() == divide(exact.numerator, exact.denominator)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([], 0.0),
        ([0.1] * 10, 1.0),
        ([1e308, 1e308], math.inf),
        ([-1e308, -1e308], -math.inf),
        ([1e308, 1e308, -1e308], 1e308),
        ([5e-324, 5e-324], 1e-323),
        ([math.inf, 1.0], math.inf),
        ([-math.inf, 1.0], -math.inf),
        ([1, True, 2**70], float(2**70)),
    ],
)
def test_sums_at_the_edges(numbers, expected):
    total = ExactSum()
    for x in numbers:
        total.add(x)
    assert total.value() == expected


def test_nan_and_infinities_can_be_taken_back():
    total = ExactSum()
    total.add(0.1)
    for x in (math.nan, math.inf, -math.inf):
        total.add(x)
    assert math.isnan(total.value())
    total.subtract(math.nan)
    assert math.isnan(total.value()), "inf - inf"
    total.subtract(math.inf)
    assert total.value() == -math.inf
    total.subtract(-math.inf)
    assert total.value() == 0.1
    assert repr(total) == "ExactSum(0.1)"
    assert total != 0.1


@given(st.integers(0, 2**300), st.integers(1, 2**300))
def test_root_of_a_ratio_is_rounded_once(numerator, denominator):
    root = sqrt_ratio(numerator, denominator)
    below, above = math.nextafter(root, -math.inf), math.nextafter(root, math.inf)
    # The true root is nearer to this float than the two halfway points are.
    exact = Fraction(numerator, denominator)
    low, high = (Fraction(root) + Fraction(below)) / 2, (Fraction(root) + Fraction(above)) / 2
    assert low <= 0 or low * low <= exact
    assert exact <= high * high


def test_variance_does_not_cancel():
    running = Variance()
    for x in (1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16):
        running.update(x)
    assert running.get() == 30.0


def test_retraction_after_a_hundred_thousand_updates_is_exact():
    random = Random(1)
    numbers = [random.random() for _ in range(20_000)]
    running = Variance(spread="std")
    for x in numbers:
        running.update(x)
    for x in numbers[2:]:
        running.retract(x)
    assert running.get() == checks.filled(lambda: Variance(spread="std"), [(x, {}) for x in numbers[:2]]).get()


def test_spread_of_infinite_scores_is_nan():
    for running in (Variance(), ClusteredStderr("c")):
        running.update(math.inf, {"c": 1})
        running.update(1.0, {"c": 2})
        assert math.isnan(running.get())


def test_a_sample_without_its_cluster_or_group_changes_nothing():
    for running in (ClusteredStderr("c"), Grouped(Mean, "c")):
        running.update(1.0, {"c": 1})
        before = checks.bits(running)
        for metadata in (None, {}, {"other": 1}):
            with pytest.raises(ValueError, match="'c'"):
                running.update(1.0, metadata)
        assert checks.bits(running) == before


def test_a_group_named_like_the_total_is_refused():
    running = Grouped(Mean, "g", total_label="x")
    running.update(1, {"g": "x"})
    with pytest.raises(ValueError, match="'x'"):
        running.get()
