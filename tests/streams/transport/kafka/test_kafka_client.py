"""The client of commands: ranges, offsets, what retention has taken, and what is not there."""

from __future__ import annotations

import pytest
from kafka_admin_helpers import MakeSettings, delete_before

from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.client import open_client
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of
from evalstream.streams.transport.record import NewRecord, Record

MIB = 1 << 20
PLACE = partition_of(b"k", 3)


def fill(client: KafkaClient, count: int) -> None:
    client.append("scores", [NewRecord(b"k", b"%d" % number) for number in range(count)])


def values(records: list[Record]) -> list[int]:
    return [int(record.value or b"") for record in records]


def test_a_url_of_kafka_opens_it(settings: Settings):
    client = open_client(settings)
    assert isinstance(client, KafkaClient)
    client.close()


def test_a_new_topic_is_empty(client: KafkaClient):
    assert client.partitions("scores") == 3
    assert (client.first_offset("scores", 0), client.end_offset("scores", 0)) == (0, 0)
    assert client.read("scores", 0, 0, 10, MIB) == []


def test_any_range_is_read_in_any_order(client: KafkaClient):
    fill(client, 50)
    assert (client.first_offset("scores", PLACE), client.end_offset("scores", PLACE)) == (0, 50)
    for offset in (0, 40, 10, 49, 3):
        found = client.read("scores", PLACE, offset, 5, MIB)
        assert [record.offset for record in found] == list(range(offset, min(offset + 5, 50)))
        assert values(found) == [record.offset for record in found]
    assert client.read("scores", PLACE, 50, 5, MIB) == client.read("scores", PLACE, 99, 5, MIB) == []


def test_reading_on_gives_what_came_meanwhile(client: KafkaClient):
    fill(client, 3)
    assert len(client.read("scores", PLACE, 0, 10, MIB)) == 3
    assert client.read("scores", PLACE, 3, 10, MIB) == []
    fill(client, 2)
    assert [record.offset for record in client.read("scores", PLACE, 3, 10, MIB)] == [3, 4]


def test_partitions_and_topics_are_read_in_turns(client: KafkaClient):
    for topic in ("scores", "metrics"):
        client.append(topic, [NewRecord(key, topic.encode() + key) for key in (b"k", b"a", b"b", b"c", b"d")])
    found = [
        record.value
        for _ in range(2)
        for topic in ("scores", "metrics")
        for partition in range(3)
        for record in client.read(topic, partition, 0, 100, MIB)
    ]
    assert len(found) == 20
    assert sorted(set(found)) == sorted(t + k for t in (b"scores", b"metrics") for k in (b"k", b"a", b"b", b"c", b"d"))


def test_what_is_gone_is_passed_over(client: KafkaClient, settings: Settings):
    fill(client, 30)
    delete_before(settings, "scores", {PLACE: 20})
    assert client.first_offset("scores", PLACE) == 20
    for offset in (0, 19, 20):
        assert values(client.read("scores", PLACE, offset, 100, MIB)) == list(range(20, 30))
    delete_before(settings, "scores", {PLACE: 30})
    assert client.read("scores", PLACE, 0, 100, MIB) == []
    assert (client.first_offset("scores", PLACE), client.end_offset("scores", PLACE)) == (30, 30)
    fill(client, 1)
    assert [record.offset for record in client.read("scores", PLACE, 0, 100, MIB)] == [30]


def test_what_goes_while_it_is_read_is_passed_over(client: KafkaClient, settings: Settings):
    fill(client, 30)
    assert values(client.read("scores", PLACE, 0, 5, MIB)) == [0, 1, 2, 3, 4]
    delete_before(settings, "scores", {PLACE: 20})
    rest: list[int] = []
    offset = 5
    while found := client.read("scores", PLACE, offset, 100, MIB):
        rest += values(found)
        offset = found[-1].offset + 1
    # What had been fetched ahead may still come; from there on nothing is missing, and nothing comes twice.
    assert rest == sorted(set(rest))
    assert rest[-10:] == list(range(20, 30))


def test_a_missing_topic_or_partition_is_told_and_not_made(make_settings: MakeSettings, topic_prefix: str):
    client = KafkaClient(make_settings())
    try:
        assert client.partitions("scores") == 0
        for ask in (
            lambda: client.read("scores", 0, 0, 1, MIB),
            lambda: client.first_offset("scores", 0),
            lambda: client.end_offset("scores", 0),
        ):
            with pytest.raises(BrokerError, match=rf"{topic_prefix}scores.*evalstream topics create"):
                ask()
        with pytest.raises(BrokerError, match="evalstream topics create"):
            client.append("scores", [NewRecord(b"k", b"v")])
        assert client.partitions("scores") == 0
    finally:
        client.close()


def test_a_partition_beyond_the_last_is_told(client: KafkaClient):
    with pytest.raises(BrokerError, match="no partition 3 of topic"):
        client.end_offset("scores", 3)
