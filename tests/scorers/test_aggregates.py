import math
from fractions import Fraction
from random import Random

import aggregate_checks as checks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalstream.scorers.aggregates import aggregate_for
from evalstream.scorers.aggregates.clustered import ClusteredStderr
from evalstream.scorers.aggregates.exact_sum import ExactSum, divide, sqrt_ratio
from evalstream.scorers.aggregates.grouped import Grouped
from evalstream.scorers.aggregates.mean import Mean
from evalstream.scorers.aggregates.variance import Variance
from evalstream.scorers.metric import metric
from evalstream.scorers.metrics import accuracy, bootstrap_stderr, grouped, mean, std, stderr, var
from evalstream.scorers.value import value_to_float

finite = st.floats(allow_nan=False, allow_infinity=False)
any_float = st.floats(allow_nan=True, allow_infinity=True)
values = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "0.3", "other"]), st.booleans(), st.integers(-5, 5), finite, st.floats(0, 1)
)
tame = st.one_of(st.sampled_from(["C", "I", "P", "N", "0.3"]), st.booleans(), st.integers(-5, 5), st.floats(0, 1))
metadata = st.fixed_dictionaries(
    {"c": st.sampled_from([0, 1, 1.0, True, "1", "x", 2.5]), "g": st.sampled_from(["x", "y", 3, None])}
)


def items(of=values):
    return st.lists(st.tuples(of, metadata), max_size=12)


every_aggregate = pytest.mark.parametrize("name", checks.LISTED)
quick = settings(max_examples=60, deadline=None)


@every_aggregate
@quick
@given(some=items(), random=st.randoms(use_true_random=False))
def test_order_does_not_matter(name, some, random: Random):
    shuffled = some.copy()
    random.shuffle(shuffled)
    checks.check_order_does_not_matter(checks.LISTED[name][0], some, shuffled)


@every_aggregate
@quick
@given(some=items(), others=items(st.one_of(values, any_float)))
def test_update_then_retract_leaves_no_trace(name, some, others):
    checks.check_update_then_retract_leaves_no_trace(checks.LISTED[name][0], some, others)


@every_aggregate
@quick
@given(a=items(), b=items(), c=items())
def test_merge_is_associative_and_commutative(name, a, b, c):
    checks.check_merge_is_associative_and_commutative(checks.LISTED[name][0], a, b, c)
    checks.check_merging_the_empty_changes_nothing(checks.LISTED[name][0], a)
    checks.check_merge_leaves_the_other_as_it_is(checks.LISTED[name][0], a, b, c)


@every_aggregate
@quick
@given(some=items(), others=items())
def test_state_survives_json(name, some, others):
    checks.check_state_survives_json(checks.LISTED[name][0], some, others)


@every_aggregate
@quick
@given(some=items(tame))
def test_running_equals_the_metric(name, some):
    make, batch = checks.LISTED[name]
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
    aggregate = Variance()
    for x in (1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16):
        aggregate.update(x)
    assert aggregate.get() == 30.0


def test_retraction_after_a_hundred_thousand_updates_is_exact():
    random = Random(1)
    numbers = [random.random() for _ in range(20_000)]
    aggregate = Variance(spread="std")
    for x in numbers:
        aggregate.update(x)
    for x in numbers[2:]:
        aggregate.retract(x)
    assert aggregate.get() == checks.filled(lambda: Variance(spread="std"), [(x, {}) for x in numbers[:2]]).get()


def test_spread_of_infinite_scores_is_nan():
    for aggregate in (Variance(), ClusteredStderr("c")):
        aggregate.update(math.inf, {"c": 1})
        aggregate.update(1.0, {"c": 2})
        assert math.isnan(aggregate.get())


def test_a_sample_without_its_cluster_or_group_changes_nothing():
    for aggregate in (ClusteredStderr("c"), Grouped(Mean, "c")):
        aggregate.update(1.0, {"c": 1})
        before = checks.bits(aggregate)
        for metadata in (None, {}, {"other": 1}):
            with pytest.raises(ValueError, match="'c'"):
                aggregate.update(1.0, metadata)
        assert checks.bits(aggregate) == before


def test_a_group_named_like_the_total_is_refused():
    aggregate = Grouped(Mean, "g", total_label="x")
    aggregate.update(1, {"g": "x"})
    with pytest.raises(ValueError, match="'x'"):
        aggregate.get()


def test_each_built_in_metric_finds_its_aggregate_and_options():
    @metric
    def own():
        return lambda scores: 0.0

    halves = value_to_float(correct="I", incorrect="C")
    for made, expected in ((accuracy, 0.0), (mean, 0.0), (var, 0), (std, 0), (stderr, 0)):
        aggregate = aggregate_for(made(to_float=halves))
        aggregate.update("C")
        assert aggregate.get() == expected
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
    ):
        assert aggregate_for(without) is None
