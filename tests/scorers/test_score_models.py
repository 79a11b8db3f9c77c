"""Scores, edits and targets are the same models as Inspect's: fields, JSON, conversions and refusals."""

from __future__ import annotations

import math
from typing import Any, get_args

import inspect_ai.scorer as theirs
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import evalstream.scorers as own

BOTH = (own, theirs)
VALUES: list[Any] = [
    *("C", "", "1.5", "False", 0, 1, 1.0, -2.5, True, False, math.nan, math.inf, 2**70),
    *([], ["a", 1, 1.0, True], ("a", 1), {}, {"a": 1, "b": None, "c": True, "d": math.nan}),
]
NO_VALUES: list[Any] = [None, [None], [[1]], {"a": [1]}, {"a": {"b": 1}}, 1j, {1: 2}, {1}]


@pytest.mark.parametrize("name", ["Score", "ScoreEdit", "SampleScore", "Reference", "ProvenanceData"])
@pytest.mark.filterwarnings("ignore")
def test_models_have_the_same_fields_with_the_same_defaults(name):
    mine, others = (getattr(module, name).model_fields for module in BOTH)
    assert list(mine) == list(others)
    for field in mine:
        assert mine[field].is_required() == others[field].is_required()
        assert mine[field].default == others[field].default


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_score_keeps_the_type_of_its_value_and_prints_the_same_json(value):
    mine, others = (
        module.Score(value=value, answer="a", explanation="e", reason="refusal", metadata={"k": [value]})
        for module in BOTH
    )
    assert mine.model_dump_json() == others.model_dump_json()
    assert type(mine.value) is type(others.value)
    again = [module.Score.model_validate_json(mine.model_dump_json()) for module in BOTH]
    assert repr(again[0].value) == repr(again[1].value)


@pytest.mark.parametrize("value", NO_VALUES, ids=repr)
def test_what_is_no_value_is_refused(value):
    for module in BOTH:
        with pytest.raises(ValidationError):
            module.Score(value=value)
        with pytest.raises(ValidationError):
            TypeAdapter(module.Value).validate_python(value)


@pytest.mark.parametrize("way", ["text", "as_str", "as_int", "as_float", "as_bool", "as_list", "as_dict"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_read_as_another_type_or_refused_in_the_same_way(value, way):
    assert read(own, value, way) == read(theirs, value, way)


def read(module: Any, value: Any, way: str) -> Any:
    try:
        made = getattr(module.Score(value=value), way)
        return repr(made if way == "text" else made())
    except Exception as error:  # noqa: BLE001 - the error is what is compared
        return type(error)


def test_a_score_without_value_is_unscored():
    for module in BOTH:
        score = module.Score.unscored(reason="grader_failed", explanation="no grade")
        assert math.isnan(score.value)
        assert (score.reason, score.explanation, score.answer, score.history) == ("grader_failed", "no grade", None, [])


def test_the_reason_that_old_logs_keep_in_metadata_is_found():
    for module in BOTH:
        score = module.Score(value=math.nan, metadata={"unscored_reason": "refusal"})
        assert (score.reason, score.metadata) == ("refusal", {"unscored_reason": "refusal"})


def test_an_edit_keeps_what_it_does_not_name():
    for module in BOTH:
        edit = module.ScoreEdit(value="C")
        assert (edit.answer, edit.explanation, edit.reason, edit.metadata) == (module.UNCHANGED,) * 4
        assert edit.provenance is None


class Passage(BaseModel, frozen=True):
    passage: int


def test_metadata_of_a_sample_is_read_as_a_model():
    for module in BOTH:
        score = module.SampleScore(score=module.Score(value=1), sample_id="s", sample_metadata={"passage": 3})
        assert score.sample_metadata_as(Passage) == Passage(passage=3)
        assert module.SampleScore(score=module.Score(value=1)).sample_metadata_as(Passage) is None


def test_metadata_may_be_read_as_a_model_that_is_not_frozen_which_inspect_refuses():
    melted = type("Melted", (BaseModel,), {"__annotations__": {"passage": int}})
    mine, others = (module.SampleScore(score=module.Score(value=1), sample_metadata={"passage": 3}) for module in BOTH)
    assert mine.sample_metadata_as(melted) == melted(passage=3)
    with pytest.raises(ValueError, match="frozen"):
        others.sample_metadata_as(melted)


@pytest.mark.parametrize("given", ["", "42", "ab", [], ["a"], ["a", "b"], ("a", "b")], ids=repr)
def test_a_target_is_a_sequence_of_texts(given):
    mine, others = (module.Target(given) for module in BOTH)
    assert (mine.text, list(mine), len(mine)) == (others.text, list(others), len(others))
    assert [mine[at] for at in range(len(mine))] == [others[at] for at in range(len(others))]
    assert list(mine[:1]) == list(others[:1])


@pytest.mark.parametrize("name", ["Value", "ValueToFloat"])
def test_types_of_values_have_the_same_parts(name):
    assert parts(getattr(own, name)) == parts(getattr(theirs, name))


def parts(kind: Any) -> Any:
    """Return a type as nested sets of its parts: the order within a union says nothing."""
    inner = get_args(kind)
    return (getattr(kind, "__name__", "") if not inner else "", frozenset(map(hashable, inner)))


def hashable(part: Any) -> Any:
    return tuple(map(hashable, part)) if isinstance(part, list) else parts(part)
