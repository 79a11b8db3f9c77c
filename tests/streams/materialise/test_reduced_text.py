"""A reduced score's text is the one that reducing the parsed score and printing it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers import Score
from evalstream.scorers.errors import ReducerError
from evalstream.scorers.jsontext import dumps, loads
from evalstream.scorers.reducers import max_score, mean_score, mode_score, pass_at
from evalstream.scorers.results.reductions import reduction_entry
from evalstream.streams.materialise.reduced_text import ReducedText

scalars = st.sampled_from(["C", "I", "P", 'a"b', "é", 1, 0.5, True, float("nan"), 1e300, ""])
values = st.one_of(scalars, st.lists(scalars, min_size=1, max_size=3), st.dictionaries(st.text(max_size=3), scalars))
texts = st.none() | st.text(max_size=9) | st.just('x","history":[]}')


@pytest.mark.parametrize(
    "reducer", [mean_score(), max_score(), mode_score(), pass_at(1)], ids=["mean", "max", "mode", "pass"]
)
@given(value=values, answer=texts, explanation=texts, metadata=st.none() | st.just({"history": [], "n": 1.0}))
def test_one_epoch_is_reduced_as_its_parsed_score_is(reducer, value, answer, explanation, metadata):
    score = Score(value=value, answer=answer, explanation=explanation, metadata=metadata)
    text = score.model_dump_json(exclude_none=True).encode()
    try:
        expected = reduction_entry(reducer, [Score.model_validate_json(text)], "id")
    except ReducerError:
        return  # a value that this reducer does not take: it fails at the results, before a log is begun
    assert repr(loads(ReducedText(reducer)([text], "id"))) == repr(loads(dumps(expected)))


def test_several_epochs_are_reduced_together():
    scores = [b'{"value":"C","answer":"a","history":[]}', b'{"value":"I","answer":"a","history":[]}']
    assert loads(ReducedText(mean_score())(scores, 3)) == {"value": 0.5, "answer": "a", "history": [], "sample_id": 3}
