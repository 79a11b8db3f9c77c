import logging
import math
import statistics

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.scorer._reducer.registry import create_reducers as their_create
from inspect_ai.scorer._reducer.registry import reducer_log_name as their_log_name

from evalstream.scorers.errors import InvalidOptionError, ReducerError, UnknownNameError
from evalstream.scorers.reducer import score_reducer
from evalstream.scorers.reducers import (
    at_least,
    check_epochs,
    collect_score,
    create_reducers,
    max_score,
    mean_score,
    median_score,
    mode_score,
    pass_at,
    pass_k,
    reducer_log_name,
)
from evalstream.scorers.reducers.mean import exact_mean
from evalstream.scorers.score import Score
from evalstream.scorers.value import value_to_float

NAN = float("nan")
NAMES = [
    "mean",
    "median",
    "mode",
    "majority",
    "max",
    "collect",
    *(f"{name}_{k}" for name in ("at_least", "pass_at", "pass_k") for k in (1, 2, 5)),
]


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


scalars = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "a", "", "nan", 0, 1, True, False, 1.0, 0.0, -0.0, 0.1, NAN, math.inf]),
    st.floats(),
)
dicts = st.fixed_dictionaries({"x": scalars | st.none(), "y": scalars})
lists = st.lists(scalars, min_size=2, max_size=2)
odd = st.one_of(scalars, dicts, lists, st.dictionaries(st.sampled_from("xyz"), scalars), st.lists(scalars))
values = st.one_of(
    st.lists(scalars, max_size=6),
    st.lists(st.one_of(dicts, dicts, st.just(NAN)), max_size=6),
    st.lists(st.one_of(lists, lists, st.just(NAN)), max_size=6),
    st.lists(odd, max_size=5),
)
fields = st.fixed_dictionaries(
    {
        "answer": st.sampled_from([None, "x", "y"]),
        "explanation": st.sampled_from([None, "why"]),
        "reason": st.sampled_from([None, None, "refusal"]),
        "metadata": st.sampled_from([None, {}, {"a": None}, {"unscored_reason": "old"}, {"panel": 1}]),
    }
)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=100)
@given(drawn=values.flatmap(lambda vs: st.tuples(st.just(vs), st.lists(fields, min_size=len(vs), max_size=len(vs)))))
def test_reducers_reduce_as_inspects_do(name, drawn):
    [ours], [reference] = create_reducers(name), their_create(name)
    given_scores = [{"value": value, **rest} for value, rest in zip(*drawn, strict=True)]
    own_scores = [Score(**score) for score in given_scores]
    try:
        expected = reference([theirs.Score(**score) for score in given_scores])
    except (ValueError, TypeError):
        with pytest.raises(ValueError, match=r"\S"):
            ours(own_scores)
        return
    assert repr(ours(own_scores).model_dump()) == repr(expected.model_dump())
    assert repr(ours.reduce_values([score.value for score in own_scores])) == repr(expected.value)


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_the_mean_is_rounded_once(numbers):
    assert repr(exact_mean(numbers)) == repr(statistics.mean(numbers))


@pytest.mark.parametrize(
    ("reducer", "scores", "expected"),
    [
        (mean_score(), ["C", "I", "C"], 2 / 3),
        (median_score(), ["C", "I", "C"], 1.0),
        (mode_score(), ["I", "C"], "I"),
        (max_score(), ["a", "b", "b"], "a"),
        (collect_score(), [NAN, "C", 1], ["C", 1]),
        (at_least(2), [NAN, 1], 0),
        (at_least(1, value=0.5), ["P", "I"], 1),
        (pass_at(2), ["C", "P", "I"], 2 / 3),
        (pass_at(1), ["C", "C", "I", "I", "I"], 0.3999999999999999),
        (pass_at(4), ["C", "C", "I", "I", "I"], 1.0),
        (pass_k(2), ["C", "C", "I", "I", "I"], 0.1),
        (mean_score(value_to_float(correct="I", incorrect="C")), ["I", "I"], 1.0),
    ],
)
def test_known_values(reducer, scores, expected):
    assert reducer([Score(value=value) for value in scores]).value == expected


def test_too_few_scored_epochs_leave_the_chance_unknown():
    for reducer in (pass_at(2), pass_k(2)):
        assert math.isnan(reducer([Score(value=1), Score(value=NAN)]).value)


@pytest.mark.parametrize("name", ["mean", "mode", "majority", "collect", "at_least_1"])
def test_reducing_nothing_gives_an_unscored_score(name):
    [reducer] = create_reducers(name)
    assert math.isnan(reducer([]).value)


def test_names_and_back():
    assert create_reducers(None) is None
    assert create_reducers([]) == []
    made = create_reducers(["mean", "at_least_2", pass_k(3), "pass_at_10"])
    names = [reducer_log_name(reducer) for reducer in made]
    assert names == ["mean", "at_least_2", "pass_k_3", "pass_at_10"]
    assert names == [their_log_name(r) for r in their_create(["mean", "at_least_2", "pass_k_3", "pass_at_10"])]
    single = mean_score()
    assert create_reducers(single) == [single]
    assert reducer_log_name(at_least(k=2, value=0.5)) == "at_least_2"


def test_a_name_that_is_registered_as_it_is_comes_first():
    @score_reducer(name="top_5")
    def top():
        return lambda scores: scores[0]

    @score_reducer
    def best(k=1):
        return lambda scores: scores[0]

    assert [reducer_log_name(r) for r in create_reducers(["top_5", "best", "best_3"])] == ["top_5", "best", "best_3"]


@pytest.mark.parametrize("name", ["avg", "mean_score", "avg_3", ""])
def test_unknown_names(name):
    with pytest.raises(UnknownNameError):
        create_reducers([name])


@pytest.mark.parametrize("name", ["at_least", "pass_at", "pass_k", "mode_3"])
def test_a_k_that_is_lacking_or_not_taken(name):
    with pytest.raises(InvalidOptionError):
        create_reducers(name)


def test_too_few_epochs_are_refused():
    check_epochs(None, 1)
    check_epochs(create_reducers(["mean", "pass_at_3"]), 3)
    with pytest.raises(ReducerError, match=r"'pass_at_3' needs 3 epochs, but the eval has 2"):
        check_epochs(create_reducers(["mean", "pass_at_3"]), 2)


def test_errors_say_what_was_wrong():
    with pytest.raises(ValueError, match="x, y and x"):
        mean_score()([Score(value={"x": 1, "y": 1}), Score(value={"x": 1})])
    with pytest.raises(ValueError, match="1 and 2"):
        mean_score()([Score(value=[1]), Score(value=[1, 2])])
    with pytest.raises(ValueError, match="dictionary cannot be reduced together with 'C'"):
        mode_score()([Score(value={"x": 1}), Score(value="C")])
