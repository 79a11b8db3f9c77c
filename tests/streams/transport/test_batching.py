"""What may be committed: one past the longest acked prefix of batches."""

from __future__ import annotations

from collections import defaultdict, deque

from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.transport.batching import BatchingConsumer, RawSchema
from evalstream.streams.transport.local import LocalConsumer

HERE, THERE = TP("a", 0), TP("b", 0)


def bookkeeping() -> BatchingConsumer:
    """A consumer's bookkeeping without an app."""
    consumer = LocalConsumer.__new__(LocalConsumer)
    consumer._delivered = defaultdict(deque)
    consumer._first = defaultdict(deque)
    consumer._acked, consumer._acked_index = defaultdict(list), defaultdict(set)
    return consumer


def ack(consumer: BatchingConsumer, tp: TP, last: int) -> None:
    """What Faust's `Consumer.ack` notes of a message."""
    consumer._acked_index[tp].add(last)
    consumer._acked[tp].append(last)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[int], list[int], list[bool]]:
    """Last offsets of batches (with gaps, as after compaction), an order of acks, after which of them to commit."""
    steps = draw(st.lists(st.integers(1, 500), min_size=1, max_size=30))
    lasts = [sum(steps[: i + 1]) - 1 for i in range(len(steps))]
    order = draw(st.permutations(lasts))
    return lasts, order, draw(st.lists(st.booleans(), min_size=len(lasts), max_size=len(lasts)))


@given(deliveries())
def test_whatever_the_order_of_acks_the_longest_acked_prefix_is_committed(given_deliveries):
    lasts, order, commits = given_deliveries
    consumer = bookkeeping()
    consumer._delivered[HERE].extend(lasts)
    consumer._first[HERE].extend(lasts)
    acked: set[int] = set()
    committed = 0
    for last, commit in zip(order, commits, strict=True):
        ack(consumer, HERE, last)
        acked.add(last)
        if commit:
            offset = consumer._new_offset(HERE)
            prefix = [p for i, p in enumerate(lasts) if all(q in acked for q in lasts[: i + 1])]
            longest = prefix[-1] + 1 if prefix else 0
            assert (committed if offset is None else offset) == longest
            assert offset is None or offset > committed
            committed = longest
    consumer._new_offset(HERE)
    assert consumer._new_offset(HERE) is None
    assert not consumer._delivered[HERE]
    assert not consumer._acked[HERE]
    assert not consumer._acked_index[HERE]


def test_partitions_do_not_hold_each_other_up():
    consumer = bookkeeping()
    consumer._delivered[HERE].extend([4, 9])
    consumer._delivered[THERE].append(2)
    consumer._first[HERE].extend([0, 5])
    consumer._first[THERE].append(0)
    ack(consumer, HERE, 9)
    ack(consumer, THERE, 2)
    assert (consumer._new_offset(HERE), consumer._new_offset(THERE)) == (None, 3)
    ack(consumer, HERE, 4)
    assert consumer._new_offset(HERE) == 10


def test_the_schema_leaves_bytes_as_they_are():
    class Message:
        key, value = b"\xff", b"\x00not json"

    schema = RawSchema()
    assert (schema.loads_key(None, Message), schema.loads_value(None, Message)) == (b"\xff", b"\x00not json")
