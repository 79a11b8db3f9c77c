"""What goes through the pipe comes out as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from evalstream.scorers.jsontext import cut_object, dumps
from evalstream.scorers.score import Score
from evalstream.streams.events import ScoreEmitted, Source
from evalstream.streams.scoring.apart.messages import Ask, Beat, Frames, Message, Told, to_frame, to_message
from evalstream.streams.scoring.completion import Completion
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.scoring.sheet import Scored

TEXT = st.text()
MEMBERS = st.dictionaries(TEXT, st.integers() | TEXT | st.floats()).map(lambda fields: cut_object(dumps(fields)))
SOURCE = Source(topic="completions", partition=1, offset=2**40)


def through(message: Message) -> Message:
    (text,) = Frames().texts(to_frame(message))
    return to_message(text)


@given(
    st.builds(
        Completion,
        TEXT, TEXT, st.integers() | TEXT, st.integers(0, 2**31 - 1),
        MEMBERS,
        st.binary(), st.booleans(), TEXT, st.none() | st.booleans(), st.just(SOURCE), TEXT, st.binary(), st.binary(),
    )
)  # fmt: skip
def test_a_completion(completion: Completion):
    message = through(Ask.of(5, completion))
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
    told = through(Told.of(5, Scored([event], [failure])))
    assert isinstance(told, Told)
    (again,), (same,) = told.scored()
    assert again.to_bytes() == event.to_bytes()
    assert (same.told(), same.attempts, same.scorer) == (failure.told(), 3, name)
    assert same.traced() == failure.traced().encode(errors="backslashreplace").decode()


@given(st.lists(st.integers(0, 40), max_size=9))
def test_messages_that_arrive_in_pieces(sizes):
    frames, sent, found = Frames(), b"".join(to_frame(Told(number, [b"x" * number])) for number in range(5)), []
    for size in [*sizes, len(sent)]:
        found += [to_message(text) for text in frames.texts(sent[:size])]
        sent = sent[size:]
    assert found == [Told(number, [b"x" * number]) for number in range(5)]


def test_what_is_put_back_comes_before_the_rest():
    frames, beat, told = Frames(), to_frame(Beat()), to_frame(Told(1, []))
    first, *more = frames.texts(beat + told + beat[:9])
    frames.put_back(more)
    assert [to_message(text) for text in (first, *frames.texts(beat[9:]))] == [Beat(), Told(1, []), Beat()]
