"""The sender on a real broker: order, sizes, headers, and what it says when something is refused."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Mapping

import pytest
from aiokafka.admin import NewTopic
from kafka_admin_helpers import MakeSettings, admin_of

from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka import connection
from evalstream.streams.transport.kafka import sender as sender_module
from evalstream.streams.transport.kafka.admin import ensure_topics
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of
from evalstream.streams.transport.kafka.sender import BATCH_BYTES, KafkaSender
from evalstream.streams.transport.record import NewRecord, Record

PARTITIONS = 3


def send(
    settings: Settings, topic: str, *sends: list[NewRecord], partition: int | None = None
) -> list[Mapping[int, tuple[int, int]]]:
    """Send with a sender of its own, all of them at once."""

    async def run() -> list[Mapping[int, tuple[int, int]]]:
        sender = KafkaSender(settings)
        await sender.start()
        try:
            return await asyncio.gather(*(sender.send(topic, records, partition) for records in sends))
        finally:
            await sender.stop()

    return asyncio.run(run())


def everything(client: KafkaClient, topic: str, partition: int) -> list[Record]:
    records: list[Record] = []
    offset, end = client.first_offset(topic, partition), client.end_offset(topic, partition)
    while offset < end:
        found = client.read(topic, partition, offset, 500, 1 << 20)
        assert found
        records += found
        offset = found[-1].offset + 1
    return records


def test_records_of_a_partition_stay_in_order_over_many_requests(settings: Settings, client: KafkaClient):
    noise = os.urandom(20_000)  # does not compress
    records = [NewRecord(f"key {n % 7}".encode(), b"%d " % n + noise) for n in range(150)]
    assert sum(record.size for record in records) > 3 * BATCH_BYTES
    (sent,) = send(settings, "scores", records)
    wanted = defaultdict(list)
    for record in records:
        wanted[partition_of(record.key, PARTITIONS)].append(record.value)
    for partition in range(PARTITIONS):
        assert [record.value for record in everything(client, "scores", partition)] == wanted[partition]
    assert sent == {partition: (0, len(values)) for partition, values in wanted.items()}


def test_sends_at_the_same_time_keep_their_own_order(settings: Settings, client: KafkaClient):
    sends = [[NewRecord(b"key", b"%d %d" % (who, n)) for n in range(300)] for who in range(4)]
    send(settings, "scores", *sends)
    values = [record.value for record in everything(client, "scores", partition_of(b"key", PARTITIONS))]
    for who, records in enumerate(sends):
        assert [value for value in values if value.startswith(b"%d " % who)] == [record.value for record in records]
    assert len(values) == 1200


def test_a_place_chooses_the_partition_in_the_keys_stead(settings: Settings, client: KafkaClient):
    records = [NewRecord(f"{n}".encode(), b"v", place=b"an eval") for n in range(20)]
    (sent,) = send(settings, "metrics", records)
    partition = partition_of(b"an eval", PARTITIONS)
    assert sent == {partition: (0, 20)}
    assert [record.key for record in everything(client, "metrics", partition)] == [record.key for record in records]


def test_a_partition_that_is_named_gets_all(settings: Settings, client: KafkaClient):
    send(settings, "scores", [NewRecord(f"{n}".encode(), b"v") for n in range(20)], partition=2)
    assert [client.end_offset("scores", partition) for partition in range(PARTITIONS)] == [0, 0, 20]


def test_keys_values_headers_and_timestamps_are_kept(settings: Settings, client: KafkaClient):
    headers = (("name", b"one"), ("name", b"two"), ("empty", b""), ("\u00fc", bytes(range(256))))
    kept = [
        NewRecord(b"key", b"value", headers, 1_600_000_000_123),
        NewRecord(None, b"", (), 1_600_000_000_124),
        NewRecord(b"", None, (), 1_600_000_000_125),
    ]
    send(settings, "dead-letters", kept, partition=0)
    found = everything(client, "dead-letters", 0)
    assert [(r.key, r.value, r.headers, r.timestamp_ms) for r in found] == [record[:4] for record in kept]


def test_a_timestamp_that_is_left_out_is_now(settings: Settings, client: KafkaClient):
    send(settings, "scores", [NewRecord(b"old", b"", (), 1), NewRecord(b"new", b"")], partition=0)
    old, new = everything(client, "scores", 0)
    assert old.timestamp_ms == 1
    assert new.timestamp_ms > 1_700_000_000_000


def test_five_megabytes_go_through_in_one_record(settings: Settings, client: KafkaClient):
    large = os.urandom(5_000_000)
    send(settings, "completions", [NewRecord(b"k", b"1"), NewRecord(b"k", large), NewRecord(b"k", b"2")])
    values = [record.value for record in everything(client, "completions", partition_of(b"k", PARTITIONS))]
    assert values == [b"1", large, b"2"]


def test_what_compresses_below_the_limit_goes_through(settings: Settings, client: KafkaClient):
    large = b"text " * 4_000_000
    send(settings, "completions", [NewRecord(b"k", large)])
    (found,) = everything(client, "completions", partition_of(b"k", PARTITIONS))
    assert found.value == large


@pytest.mark.parametrize("size", [10_000_000, 110_000_000])
def test_a_record_above_the_limit_is_refused_in_words(settings: Settings, size: int):
    with pytest.raises(BrokerError, match=r"completions failed: MessageSizeTooLarge.*Raise max_message_bytes"):
        send(settings, "completions", [NewRecord(b"k", os.urandom(size))])


def test_a_missing_topic_is_told_with_what_to_do(make_settings: MakeSettings, topic_prefix: str):
    with pytest.raises(BrokerError, match=rf"no topic '{topic_prefix}scores'.*evalstream topics create"):
        send(make_settings(), "scores", [NewRecord(b"k", b"v")])


def test_what_the_broker_refuses_for_good_is_not_tried_again(settings: Settings):
    # A compacted topic takes no records without a key; Kafka's newer errors have no name in aiokafka.
    with pytest.raises(BrokerError, match=r"sending to topic .*evals failed: UnknownError"):
        send(settings, "evals", [NewRecord(None, b"v")])


def test_a_topic_that_goes_is_waited_for_until_it_is_back(
    settings: Settings, topic_prefix: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sender_module, "FIRST_NOTICE", 0.2)
    name = f"{topic_prefix}scores"

    async def run() -> Mapping[int, tuple[int, int]]:
        sender = KafkaSender(settings)
        await sender.send("scores", [NewRecord(b"k", b"1")])
        async with admin_of(settings) as admin:
            await admin.delete_topics([name])
            while name in await admin.list_topics():
                await asyncio.sleep(0.02)
            sending = asyncio.create_task(sender.send("scores", [NewRecord(b"k", b"2")]))
            while "they wait until it does" not in caplog.text:
                assert not sending.done()
                await asyncio.sleep(0.02)
            await admin.create_topics([NewTopic(name, PARTITIONS, 1)])
            sent = await asyncio.wait_for(sending, 60)
        await sender.stop()
        return sent

    assert asyncio.run(run()) == {partition_of(b"k", PARTITIONS): (0, 1)}
    assert name in caplog.text


def test_after_a_failure_that_may_pass_another_producer_tries(
    make_settings: MakeSettings, topic_prefix: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "REQUEST_TIMEOUT_MS", 300)
    monkeypatch.setattr(sender_module, "FIRST_PAUSE", 0.05)
    settings = make_settings()

    async def run() -> tuple[bool, list[Mapping[int, tuple[int, int]]]]:
        sender = KafkaSender(settings)
        await sender.start()
        first = sender._producer
        # Who names the partition does not look first whether there is such a topic.
        sends = [asyncio.create_task(sender.send("scores", [NewRecord(b"k", b"%d" % n)], n)) for n in range(2)]
        while caplog.text.count("next try in") < 3:
            await asyncio.sleep(0.02)
        await ensure_topics(settings)
        sent = await asyncio.wait_for(asyncio.gather(*sends), 60)
        another = sender._producer is not first
        await sender.stop()
        return another, sent

    assert asyncio.run(run()) == (True, [{0: (0, 1)}, {1: (0, 1)}])
    assert f"Kafka does not take records for {topic_prefix}scores (UnknownTopicOrPartitionError)" in caplog.text


def test_nothing_to_send_is_no_error(settings: Settings):
    assert send(settings, "scores", []) == [{}]
