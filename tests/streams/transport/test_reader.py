"""Reading records again: whatever the order, and with few reads when it is the order in which they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.transport.client import LocalClient
from evalstream.streams.transport.memory_store import MemoryStore
from evalstream.streams.transport.reader import AHEAD_RECORDS, BrokerReader
from evalstream.streams.transport.record import NewRecord, Record


class CountingStore(MemoryStore):
    reads = 0

    def read(self, topic: str, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        self.reads += 1
        return super().read(topic, offset, max_records, max_bytes)


def filled(count: int) -> CountingStore:
    store = CountingStore()
    for topic in ("a", "b"):
        store.append(topic, [NewRecord(None, f"{topic}{i}".encode()) for i in range(count)])
    return store


def test_reading_one_after_the_other_takes_few_reads():
    store = filled(1000)
    reader = BrokerReader(LocalClient(store))
    for i in range(1000):
        for topic in ("a", "b"):
            assert reader.read(topic, 0, i).value == f"{topic}{i}".encode()
    assert store.reads <= 2 * (1000 // AHEAD_RECORDS + 2)


@given(st.lists(st.integers(0, 39), max_size=200))
def test_any_order_gives_the_record_asked_for(order):
    reader = BrokerReader(LocalClient(filled(40)))
    for offset in order:
        record = reader.read("a", 0, offset)
        assert (record.offset, record.value) == (offset, f"a{offset}".encode())


def test_a_record_that_is_not_there_is_a_lookup_error_and_no_harm():
    store = filled(3)
    reader = BrokerReader(LocalClient(store))
    for missing in (3, 99):
        with pytest.raises(LookupError, match=f"record {missing} of topic 'a'"):
            reader.read("a", 0, missing)
    store.append("a", [NewRecord(None, b"late")])
    assert reader.read("a", 0, 3).value == b"late"
    assert reader.read("a", 0, 0).value == b"a0"


@given(st.lists(st.integers(0, 59), min_size=1, max_size=40, unique=True), st.data())
def test_a_distant_broker_is_asked_in_its_own_order(wanted, data):
    store = filled(60)
    reader = BrokerReader(LocalClient(store), distant=True)
    reader.prepare("a", 0, sorted(wanted))
    reads = store.reads
    for offset in data.draw(st.permutations(wanted)):
        assert reader.read("a", 0, offset).value == f"a{offset}".encode()
    assert store.reads == reads
    for missing in set(range(60)) - set(wanted):
        with pytest.raises(LookupError, match=f"record {missing} of topic 'a'"):
            reader.read("a", 0, missing)


def test_what_a_distant_broker_does_not_have_any_more_is_missing():
    reader = BrokerReader(LocalClient(filled(3)), distant=True)
    reader.prepare("a", 0, [1, 7, 9])
    assert reader.read("a", 0, 1).value == b"a1"
    with pytest.raises(LookupError, match="record 7"):
        reader.read("a", 0, 7)


@given(st.sets(st.integers(0, 39), min_size=1))
def test_a_copy_of_what_is_wanted_leaves_out_what_others_have_before_between_and_behind(offsets):
    reader = BrokerReader(LocalClient(filled(40)), distant=True)
    wanted = sorted(offsets)
    reader.prepare("a", 0, wanted)
    assert [reader.read("a", 0, offset).value for offset in wanted] == [f"a{offset}".encode() for offset in wanted]
    reader.close()
