"""Events of plain scores are printed in a quicker way than the model's, and nobody can tell."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers.score import Score, ScoreEdit
from evalstream.streams.events import ScoreEmitted, Source
from evalstream.streams.scoring.emitted import plain_score

SOURCE = Source(topic="completions", partition=3, offset=7)
ANY_TEXT = st.text(st.characters(exclude_categories=()))
VALUES = st.one_of(ANY_TEXT, st.booleans(), st.integers(), st.floats())
MAYBE = st.none() | ANY_TEXT


@given(
    st.builds(Score, value=VALUES, answer=MAYBE, explanation=MAYBE, reason=MAYBE),
    st.integers(0, 2**31 - 1) | st.text(),
    st.floats(0, 1e6),
    st.booleans(),
    st.none() | st.just("0" * 32),
)
def test_a_plain_score_is_printed_letter_for_letter_as_the_model_prints_it(score, sample_id, duration, errored, record):
    identity = ("eval", "live", sample_id, 2)
    plain = plain_score(identity, "id", "match", 1, score, duration, errored, record, SOURCE)
    model = ScoreEmitted(
        eval_id="eval", sample_id=sample_id, epoch=2, score_id="id", scorer="match", slot=1, score=score,
        duration=duration, errored=errored, record=record, source=SOURCE,
    )  # fmt: skip
    if plain is not None:
        assert plain.to_bytes() == model.to_bytes()
    else:
        assert isinstance(score.value, float) and not abs(score.value) < 1e15


def test_a_score_that_is_more_than_one_value_is_left_to_the_model():
    def made(score: Score) -> object:
        return plain_score(("e", "live", 1, 1), "id", "match", 0, score, 0.0, False, None, SOURCE)

    assert made(Score(value="C")) is not None
    for score in (
        Score(value=[1, 2]),
        Score(value={"a": 1}),
        Score(value=math.nan),
        Score(value=math.inf),
        Score(value=1, metadata={}),
        Score(value=1, history=[ScoreEdit(value=2)]),
    ):
        assert made(score) is None
