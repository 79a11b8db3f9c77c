"""A reader far from its broker: one pass over the partition, then any order."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from kafka_admin_helpers import MakeSettings

from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of
from evalstream.streams.transport.reader import BrokerReader
from evalstream.streams.transport.record import NewRecord

COUNT = 5000
PLACE = partition_of(b"k", 3)


@pytest.fixture
def reader(settings: Settings) -> Iterator[BrokerReader]:
    opened = BrokerReader(KafkaClient(settings), distant=True)
    yield opened
    opened.close()


def test_whatever_the_order_each_is_what_was_sent(reader: BrokerReader, client: KafkaClient):
    client.append("completions", [NewRecord(b"k", b"%d" % n, (("n", b"%d" % n),), n + 1) for n in range(COUNT)])
    wanted = sorted(random.Random(7).sample(range(COUNT), 900))
    reader.prepare("completions", PLACE, wanted)
    order = random.Random(8).sample(wanted, len(wanted))
    for offset in order + order[:50]:
        number = b"%d" % offset
        assert reader.read("completions", PLACE, offset) == (offset, b"k", number, (("n", number),), offset + 1)


def test_what_is_not_there_is_a_lookup_error(reader: BrokerReader, client: KafkaClient):
    client.append("completions", [NewRecord(b"k", b"%d" % n) for n in range(10)])
    reader.prepare("completions", PLACE, [2, 9, 10, 500])
    assert reader.read("completions", PLACE, 9).value == b"9"
    for missing in (3, 10, 500):
        with pytest.raises(LookupError, match=f"record {missing} of topic 'completions', partition {PLACE}"):
            reader.read("completions", PLACE, missing)


def test_nothing_prepared_reads_from_the_broker(reader: BrokerReader, client: KafkaClient):
    client.append("scores", [NewRecord(b"k", b"%d" % n) for n in range(10)])
    reader.prepare("scores", PLACE, [])
    assert [reader.read("scores", PLACE, n).value for n in (7, 0, 9)] == [b"7", b"0", b"9"]
    with pytest.raises(LookupError):
        reader.read("scores", PLACE, 10)


def test_a_reader_needs_no_topic_until_it_reads(make_settings: MakeSettings):
    BrokerReader(KafkaClient(make_settings()), distant=True).close()
