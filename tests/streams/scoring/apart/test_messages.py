"""What goes through the pipe comes out as it was."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers.jsontext import cut_object, dumps
from evalstream.scorers.score import Score
from evalstream.streams.events import ScoreEmitted, Source
from evalstream.streams.scoring.apart.messages import Ask, Told, read_message, to_frame
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.scoring.sheet import Scored

TEXT = st.text()
MEMBERS = st.dictionaries(TEXT, st.integers() | TEXT | st.floats()).map(lambda fields: cut_object(dumps(fields)))
SOURCE = Source(topic="completions", partition=1, offset=2**40)


@given(
    st.builds(
        Completion,
        TEXT, TEXT, st.integers() | TEXT, st.integers(0, 2**31 - 1),
        MEMBERS,
        st.binary(), st.booleans(), TEXT, st.none() | st.booleans(), st.just(SOURCE), TEXT, st.binary(), st.binary(),
    )
)  # fmt: skip
def test_a_completion(completion: Completion):
    message = read_message(io.BytesIO(to_frame(Ask.of(5, completion))))
    assert isinstance(message, Ask)
    again = message.completion()
    assert dict(again.members) == dict(completion.members)
    assert again._replace(members=completion.members) == completion


@given(TEXT, st.floats() | TEXT | st.lists(st.integers(-9, 9)), st.text(st.characters(exclude_categories=())))
def test_what_became_of_it(name, value, message):
    event = ScoreEmitted(
        eval_id="e", score_id="i", sample_id=1, epoch=1, scorer=name, slot=0, score=Score(value=value), source=SOURCE
    )
    failure = Failure("timeout", TimeoutError(message), 3, name)
    told = read_message(io.BytesIO(to_frame(Told.of(5, Scored([event], [failure])))))
    assert isinstance(told, Told)
    (again,), (same,) = told.scored()
    assert again.to_bytes() == event.to_bytes()
    assert (same.told(), same.attempts, same.scorer) == (failure.told(), 3, name)
    assert same.traced() == failure.traced().encode(errors="backslashreplace").decode()


def test_a_message_that_was_cut_off_is_the_end():
    frame = to_frame(Told(1, []))
    assert [read_message(io.BytesIO(frame[:size])) for size in (0, 7, len(frame) - 1)] == [None, None, None]
