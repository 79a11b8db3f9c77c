"""The quick way to read a score gives the row that the event's model gives, or leaves the event to the model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalstream.scorers import Score
from evalstream.streams.events import ScoreEmitted, ScoreFailure, Source
from evalstream.streams.tally import score_reader
from evalstream.streams.tally.rows import ScoreRow
from evalstream.streams.tally.score_reader import read_row

scalars = st.one_of(st.text(max_size=5), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=True))
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=3),
    st.dictionaries(st.text(max_size=3), st.one_of(scalars, st.none()), max_size=3),
)
metadata = st.none() | st.dictionaries(st.text(max_size=3), scalars | st.lists(scalars, max_size=2), max_size=2)
texts = st.none() | st.text(max_size=9)


@st.composite
def events(draw):
    outcome = draw(st.sampled_from(["score", "failure", "nothing"]))
    score = Score(value=draw(values), answer=draw(texts), explanation=draw(texts), metadata=draw(metadata))
    return ScoreEmitted(
        eval_id="é", score_id="x", sample_id=draw(st.integers() | st.text(max_size=4)), epoch=draw(st.integers(0, 9)),
        scorer="match", slot=draw(st.integers(0, 3)), score=score if outcome == "score" else None,
        error=ScoreFailure(type="E", message="m", stage="timeout") if outcome == "failure" else None,
        metadata=draw(metadata), errored=draw(st.booleans()), source=Source(topic="completions", partition=3, offset=9),
    )  # fmt: skip


@given(events())
def test_a_row_is_the_one_that_the_model_gives(event):
    text = event.to_bytes()
    found = read_row(text, 5)
    if found is None:
        assert b"NaN" in text or b"Infinity" in text or any(len(run) > 18 for run in text.split(b","))
    else:
        again = ScoreEmitted.model_validate_json(text)
        assert found[:2] == (again.eval_id, again.run_id)
        assert repr(found[2]) == repr(ScoreRow.of(again, 5))  # 1, 1.0 and True are equal, their texts are not


def test_it_knows_every_field_of_the_event():
    assert set(score_reader._Event.__struct_fields__) == set(ScoreEmitted.model_fields)
    assert set(score_reader._Score.__struct_fields__) == set(Score.model_fields)
    assert set(score_reader._Failure.__struct_fields__) == set(ScoreFailure.model_fields)
    assert set(score_reader._Source.__struct_fields__) == set(Source.model_fields)


GOOD = (
    b'{"event":"score_emitted","eval_id":"e","score_id":"x","sample_id":1,"epoch":1,"scorer":"m","slot":0,'
    b'"score":{"value":"C","answer":"a","history":[]},"source":{"topic":"completions","partition":0,"offset":1}}'
)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"a"', b"5"), (b'"a"', b'"\xff"'), (b'"C"', b"null"), (b'"C"', b'{"a":[]}'), (b'_id":1', b'_id":1.5'),
     (b'"slot":0', b'"slot":"x"'), (b'score_emitted', b'sample_dead_lettered'), (b'"history":[]', b'"history":5')],
)  # fmt: skip
def test_what_the_model_refuses_it_leaves_to_the_model(old, new):
    assert read_row(GOOD, 1) is not None
    bad = GOOD.replace(old, new)
    assert read_row(bad, 1) is None
    with pytest.raises(ValidationError):
        ScoreEmitted.model_validate_json(bad)
