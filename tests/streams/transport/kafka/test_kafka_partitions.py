"""Where a key goes: where all of Kafka's own clients put it."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.transport.kafka.partitions import partition_of


@given(st.binary(max_size=300), st.integers(1, 500))
def test_a_key_goes_where_kafkas_own_partitioner_sends_it(key: bytes, count: int):
    every = list(range(count))
    assert partition_of(key, count) == DefaultPartitioner()(key, every, every)


def test_javas_own_examples_hold():
    # From Kafka's UtilsTest.testMurmur2: the hash as a signed number.
    known = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}
    for key, hashed in known.items():
        assert partition_of(key, 1000) == (hashed & 0x7FFFFFFF) % 1000
