"""A dead letter is the record that came and the reason, and the shelf shows those that are still to be dealt with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.dead_letters import requeue as module
from evalstream.streams.dead_letters.letter import Letter, dead_letter, original_headers
from evalstream.streams.dead_letters.requeue import chosen, drop, requeue
from evalstream.streams.dead_letters.shelf import on_shelf, scan, value_of
from evalstream.streams.errors import UsageError
from evalstream.streams.events import Source
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.topics import COMPLETIONS, DEAD_LETTERS
from evalstream.streams.transport.client import LocalClient
from evalstream.streams.transport.memory_store import MemoryStore
from evalstream.streams.transport.record import NewRecord, Record

ALL = 1 << 30
headers = st.lists(st.tuples(st.text(max_size=9), st.binary(max_size=9)), max_size=3).map(tuple)


class Shelf:
    """A broker with dead letters."""

    def __init__(self) -> None:
        self.client = LocalClient(MemoryStore())

    def add(self, *letters: NewRecord) -> None:
        self.client.append(DEAD_LETTERS.name, letters)

    @property
    def letters(self) -> dict[str, Letter]:
        return on_shelf(scan(self.client))

    def requeued(self) -> list[tuple[bytes | None, bytes | None]]:
        return [(r.key, r.value) for r in self.client.read(COMPLETIONS.name, 0, 0, ALL, ALL)]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def letter(
    value: bytes | None = b'{"eval_id":"e"}', key: bytes | None = b"e/1", offset: int = 7, **fields
) -> NewRecord:
    stage = fields.pop("stage", "score")
    record = Record(offset, key, value, fields.pop("headers", ()), fields.pop("timestamp_ms", 77))
    topic = fields.pop("topic", "completions")
    return dead_letter(
        record, Source(topic=topic, partition=2, offset=offset), Failure(stage, ValueError("no"), 3, "match")
    )


def read(made: NewRecord) -> Letter:
    found = Letter.read(Record(0, made.key, made.value, made.headers, 0), 0)
    assert found is not None
    return found


@given(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20), headers)
def test_key_value_and_headers_are_untouched(key, value, given):
    made = letter(value, key, headers=given)
    assert (made.key, made.value, made.headers[: len(given)]) == (key, value, given)
    assert original_headers(made.headers) == given


def test_the_headers_have_the_shape_of_kip_1034():
    said = dict(letter().headers)
    names = {"topic", "partition", "offset", "exception", "message", "stacktrace", "stage", "attempts", "first_seen"}
    assert {f"__evalstream.errors.{name}" for name in names} <= said.keys()
    values = {name: said[f"__evalstream.errors.{name}"] for name in names - {"stacktrace"}}
    assert values == {
        "topic": b"completions", "partition": b"2", "offset": b"7", "exception": b"ValueError", "message": b"no",
        "stage": b"score", "attempts": b"3", "first_seen": b"77",
    }  # fmt: skip


def test_what_is_read_again_is_what_was_written():
    found = read(letter())
    assert (found.eval_id, found.sample, found.stage, found.attempts, found.at) == ("e", "1", "score", 3, (2, 7))
    assert (found.scorer, found.message, found.exception, found.first_seen_ms) == ("match", "no", "ValueError", 77)
    assert (found.topic, found.size) == ("completions", len(b'{"eval_id":"e"}'))


def test_the_same_record_failing_again_gives_the_same_letter_and_another_stage_another_one():
    assert read(letter(offset=7)).id == read(letter(offset=9, timestamp_ms=99)).id
    others = [letter(stage="timeout"), letter(b'{"eval_id":"f"}'), letter(key=b"e/2"), letter(None)]
    assert len({read(made).id for made in [letter(), *others]}) == 5


@pytest.mark.parametrize("size", [0, 10**7])
def test_a_letter_is_little_larger_than_the_record(size: int):
    made = dead_letter(
        Record(0, b"k", b"v", (), 0),
        Source(topic="completions", partition=0, offset=0),
        Failure("score", ValueError("ä" * size)),
    )
    assert sum(len(value) for _, value in made.headers) < 48 * 1024


def test_a_record_that_pretends_to_be_a_mark_is_a_letter_like_others(shelf: Shelf):
    victim = letter()
    shelf.add(victim, letter(b"x", headers=(("__evalstream.letters.dropped", read(victim).id.encode()),)))
    assert len(shelf.letters) == 2


def test_a_record_that_brings_headers_of_ours_is_told_by_those_that_we_gave_it():
    made = letter(headers=(("__evalstream.errors.topic", b"evals"), ("__evalstream.errors.stage", b"x")))
    assert (read(made).topic, read(made).stage) == ("completions", "score")


@given(headers, st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20))
def test_whatever_else_is_on_the_topic_is_no_letter(given, key, value):
    assert Letter.read(Record(0, key, value, given, 0), 0) is None


def test_headers_that_make_no_sense_or_have_no_value_do_no_harm(shelf: Shelf):
    pairs = (("topic", b"completions"), ("stage", None), ("attempts", b"many"), ("first_seen", b"\xff"))
    broken = tuple((f"__evalstream.errors.{name}", value) for name, value in pairs)
    found = Letter.read(Record(5, None, None, broken, 8), 0)  # type: ignore[arg-type] # Kafka does have such headers
    assert found is not None
    assert (found.attempts, found.first_seen_ms, found.at) == (1, 8, (-1, -1))


def test_a_letter_that_came_twice_is_one_seen_first_when_the_first_came(shelf: Shelf):
    shelf.add(letter(timestamp_ms=50), letter(offset=9, timestamp_ms=99))
    (found,) = shelf.letters.values()
    assert (found.first_seen_ms, found.offset) == (50, 1)


def test_requeueing_is_a_copy_and_takes_the_letter_off_the_shelf(shelf: Shelf):
    given = (("trace", b"\xff"),)
    shelf.add(letter(b'{"eval_id":"e"}\n', b"\x00k", headers=given), letter(None, None))
    assert requeue(shelf.client, shelf.letters.values()) == 2
    copies = shelf.client.read(COMPLETIONS.name, 0, 0, ALL, ALL)
    assert [(r.key, r.value, r.headers) for r in copies] == [(b"\x00k", b'{"eval_id":"e"}\n', given), (None, None, ())]
    assert shelf.letters == {}


def test_a_record_that_failed_in_two_stages_is_sent_once(shelf: Shelf):
    shelf.add(letter(stage="score"), letter(stage="timeout"))
    assert requeue(shelf.client, shelf.letters.values()) == 2
    assert len(shelf.requeued()) == 1
    assert shelf.letters == {}


def test_what_fails_again_is_on_the_shelf_again(shelf: Shelf):
    shelf.add(letter())
    requeue(shelf.client, shelf.letters.values())
    shelf.add(letter(offset=70, timestamp_ms=990))
    (found,) = shelf.letters.values()
    assert (found.at, found.first_seen_ms) == ((2, 70), 77)


def test_dropping_sends_nothing(shelf: Shelf):
    shelf.add(letter(), letter(b"other"))
    one, other = shelf.letters.values()
    assert drop(shelf.client, [one]) == 1
    assert list(shelf.letters) == [other.id]
    assert shelf.requeued() == []


def test_many_letters_are_sent_in_several_steps_and_each_once(shelf: Shelf, monkeypatch):
    monkeypatch.setattr(module, "BATCH_BYTES", 64)
    shelf.add(*(letter(b'{"eval_id":"e","n":%d}' % n) for n in range(50)))
    assert requeue(shelf.client, shelf.letters.values()) == 50
    assert [value for _, value in shelf.requeued()] == [b'{"eval_id":"e","n":%d}' % n for n in range(50)]
    assert shelf.letters == {}


class DyingClient(LocalClient):
    """Its process dies when it is about to mark letters."""

    def append(self, topic, records):
        if topic == DEAD_LETTERS.name:
            raise KeyboardInterrupt
        super().append(topic, records)


def test_a_crash_between_copy_and_mark_leaves_the_letter_on_the_shelf():
    store = MemoryStore()
    LocalClient(store).append(DEAD_LETTERS.name, [letter()])
    with pytest.raises(KeyboardInterrupt):
        requeue(DyingClient(store), on_shelf(scan(LocalClient(store))).values())
    assert len(on_shelf(scan(LocalClient(store)))) == 1
    assert LocalClient(store).end_offset(COMPLETIONS.name, 0) == 1


@pytest.mark.parametrize("topic", ["evals", "scores", "dead-letters", "of-others", ""])
def test_a_letter_cannot_be_sent_to_another_topic(shelf: Shelf, topic: str):
    shelf.add(letter(), letter(b"other", topic=topic))
    with pytest.raises(UsageError, match="Nothing was requeued"):
        requeue(shelf.client, shelf.letters.values())
    assert shelf.requeued() == []
    assert len(shelf.letters) == 2


def test_letters_are_chosen_by_the_beginning_of_their_id_by_eval_and_by_stage(shelf: Shelf):
    shelf.add(
        letter(), letter(b'{"eval_id":"f"}', b"f/1", stage="timeout"), letter(b"garbage", b"e/2"), letter(b"?", b"ee/1")
    )
    letters = shelf.letters
    one, two, three, four = letters.values()
    assert chosen(letters, (), None, None) == [one, two, three, four]
    assert chosen(letters, (), "e", None) == [one, three]
    assert chosen(letters, (), None, "timeout") == [two]
    assert chosen(letters, (two.id[:6], two.id), None, None) == [two]
    assert chosen(letters, (one.id,), "f", None) == []
    for unknown in ("", "zz", "/"):
        with pytest.raises(UsageError, match="no dead letter"):
            chosen(letters, (unknown,), None, None)


def test_an_id_that_several_begin_with_is_refused(shelf: Shelf):
    shelf.add(*(letter(b"%d" % n) for n in range(40)))
    first = next(c for c in "0123456789abcdef" if sum(i.startswith(c) for i in shelf.letters) > 1)
    with pytest.raises(UsageError, match="give more of the id"):
        chosen(shelf.letters, (first,), None, None)


def test_a_letter_that_is_gone_is_told(shelf: Shelf):
    shelf.add(letter())
    (found,) = shelf.letters.values()
    assert value_of(shelf.client, found).value == letter().value
    with pytest.raises(LookupError, match="not there any more"):
        value_of(shelf.client, found._replace(offset=5))
