"""The metrics over values that are not plain numbers: frequency, aggregate, krippendorff_alpha."""

import logging
import math
from enum import Enum
from random import Random

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_oracle import assert_same_bits, column_of, scalars, scores_of

from evalstream.scorers import metrics as ours
from evalstream.scorers import registry
from evalstream.scorers.metric import scores_view
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import value_to_float

NAN = math.nan


class Verdict(str, Enum):
    YES = "yes"
    NO = "no"


# --- frequency


@given(
    values=st.lists(scalars, max_size=20),
    categories=st.none() | st.lists(st.sampled_from(["C", "I", "1", "x"]), max_size=3),
    normalize=st.booleans(),
)
def test_frequency_equals_inspects(values, categories, normalize):
    options = {"categories": categories, "normalize": normalize}
    assert_same_bits("frequency", options, options, values)


@pytest.mark.parametrize("value", [{"a": 1}, [1], (1,)])
def test_frequency_of_dicts_and_lists_is_refused(value):
    with pytest.raises(TypeError, match="by key"):
        ours.frequency()(column_of(["C", value]))


def test_known_frequencies():
    assert ours.frequency(["C", "I", "P"])(scores_of(["C", "C", "X"])) == {"C": 2 / 3, "I": 0.0, "P": 0.0, "X": 1 / 3}
    counts = ours.frequency(normalize=False)(scores_of(["C", 1, 1.0, True]))
    assert counts == {"C": 1.0, "1": 1.0, "1.0": 1.0, "True": 1.0}
    assert ours.frequency()([]) == {}
    assert ours.frequency(["a"])([]) == {"a": 0.0}


def test_categories_come_from_lists_tuples_and_enums():
    for categories in (["yes", "no"], ("yes", "no"), Verdict):
        [made] = ours.categorical(categories)
        assert registry.tag_of(made).options == {"categories": ["yes", "no"], "normalize": True}
        assert scores_view(made) == "unreduced"
    with pytest.raises(TypeError, match="one text"):
        ours.frequency("yes")


def test_a_frequency_that_was_not_called_is_told_as_such():
    with pytest.raises(TypeError, match=r"frequency\(\)"):
        registry.tag_of(ours.frequency)


# --- aggregate

leaves = st.one_of(st.sampled_from(["C", "I", None, NAN, NAN]), st.floats(0, 1), st.integers(-3, 3))
dicts = st.one_of(*[st.dictionaries(st.sampled_from(["a", "b"]), leaves)] * 5, st.just(NAN))


def half(value):
    return value_to_float()(value) / 2


@given(
    values=st.one_of(st.lists(dicts, max_size=20), st.lists(dicts | scalars, max_size=3)),
    on_missing=st.sampled_from(["error", "skip", "skip", "zero", "zero"]),
    inner=st.sampled_from(["accuracy", "mean", "stderr", "ci", "frequency"]),
    to_float=st.sampled_from([None, half]),
)
def test_aggregate_equals_inspects(values, on_missing, inner, to_float):
    options = {"key": "a", "on_missing": on_missing, "to_float": to_float}
    our_options = {**options, "agg": getattr(ours, inner)()}
    assert_same_bits("aggregate", our_options, {**options, "agg": getattr(theirs, inner)()}, values)


def test_aggregate_keeps_the_metadata_that_clusters_and_groups_need():
    random = Random(3)
    values = [{"a": random.random()} if random.random() < 0.8 else {} for _ in range(40)]
    metadata = [{"c": random.randrange(6), "g": random.choice("xy")} for _ in values]
    for name, options in (("stderr", {"cluster": "c"}), ("ci_wilson", {"cluster": "c"})):
        both = [{"key": "a", "agg": getattr(m, name)(**options), "on_missing": "skip"} for m in (ours, theirs)]
        assert_same_bits("aggregate", *both, values, metadata)
        inner = [{"group_key": "g", "metric": m.aggregate(**of)} for m, of in zip((ours, theirs), both, strict=True)]
        if name == "stderr":
            assert_same_bits("grouped", *inner, values, metadata)


def test_a_users_metric_inside_aggregate_gets_real_scores():
    seen = []

    def inner(scores: list[SampleScore]):
        seen.append(scores)
        return len(scores)

    column = column_of([{"a": 1}, {"b": 1}, {"a": None}], [{"m": 1}, None, {"m": 3}])
    assert ours.aggregate("a", inner, on_missing="zero")(column) == 3
    assert ours.aggregate("a", inner, on_missing="skip")(column) == 1
    assert [type(scores) for scores in seen] == [list] * 2
    assert [(s.score.value, s.sample_id, s.sample_metadata) for s in seen[0]] == [
        (1, "s0", {"m": 1}),
        (0.0, "s1", None),
        (0.0, "s2", {"m": 3}),
    ]
    assert column[1].score.value == {"b": 1}


@pytest.mark.parametrize(
    ("value", "message"), [({"b": 1}, "no such key"), ({"a": None}, "None under"), ("C", "dict values")]
)
def test_values_that_aggregate_cannot_read_are_refused(value, message):
    with pytest.raises(ValueError, match=message):
        ours.aggregate("a", ours.mean())(scores_of([value]))


def test_an_unknown_way_with_missing_keys_is_refused():
    with pytest.raises(ValueError, match="'drop'"):
        ours.aggregate("a", ours.mean(), on_missing="drop")


# --- krippendorff_alpha

numbers = st.one_of(st.integers(-3, 3), st.floats(-10, 10), st.booleans())
grades = st.sampled_from(["C", "I", "P"])


@given(
    values=st.one_of(
        *[st.lists(st.lists(ratings, max_size=4), max_size=8) for ratings in (numbers, grades, numbers | grades)],
        st.lists(scalars | st.lists(numbers), max_size=5),
    ),
    level=st.sampled_from(["nominal", "ordinal", "interval"]),
    to_float=st.sampled_from([None, value_to_float()]),
)
def test_krippendorff_equals_inspects_to_the_last_bit(values, level, to_float):
    options = {"level": level, "to_float": to_float}
    logging.disable(logging.WARNING)
    try:
        assert_same_bits("krippendorff_alpha", options, options, values)
    finally:
        logging.disable(logging.NOTSET)


def test_known_alphas():
    assert ours.krippendorff_alpha()(scores_of([["C", "C"], ["I", "I"], ["C", "I"]])) == pytest.approx(4 / 9)
    ratings = scores_of([[1, 2], [3, 3], [1, 5]])
    assert ours.krippendorff_alpha("interval")(ratings) == pytest.approx(-16 / 69)
    assert ours.krippendorff_alpha("ordinal")(ratings) == pytest.approx(-3 / 22)
    assert ours.krippendorff_alpha()(scores_of([["C", "C"], ("C", "C")])) == 1.0
    assert math.isnan(ours.krippendorff_alpha()([]))


def test_krippendorff_tells_what_it_leaves_out_and_doubts(caplog):
    assert math.isnan(ours.krippendorff_alpha()(scores_of([1, ["C"], {"a": 1}])))
    assert "left out 3 of 3" in caplog.text
    caplog.clear()
    ours.krippendorff_alpha()(scores_of([[1, 2], [3, 3]]))
    assert "without an order" in caplog.text
    caplog.clear()
    ours.krippendorff_alpha()(scores_of([[True, False], ["C", "I"], [1, 0]]))
    assert not caplog.text


def test_ratings_and_levels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="'C'"):
        ours.krippendorff_alpha("interval")(scores_of([["C", "I"]]))
    with pytest.raises(ValueError, match="'ratio'"):
        ours.krippendorff_alpha("ratio")
