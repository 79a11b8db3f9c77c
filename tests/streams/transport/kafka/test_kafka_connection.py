"""Broker URLs, and what is said when nobody answers."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
from kafka_admin_helpers import MakeSettings

from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka import reach
from evalstream.streams.transport.kafka.admin import look_at_topics
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.connection import bootstrap_servers, client_arguments
from evalstream.streams.transport.kafka.start import prepared_topics


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("kafka://host", ["host:9092"]),
        ("kafka://host:19092/", ["host:19092"]),
        ("kafka://one:1, two ,three:65535", ["one:1", "two:9092", "three:65535"]),
        ("kafka://[::1]", ["[::1]:9092"]),
        ("kafka://[::1]:9094,10.0.0.1", ["[::1]:9094", "10.0.0.1:9092"]),
    ],
)
def test_hosts_and_ports_are_read(url: str, servers: list[str]):
    assert bootstrap_servers(url) == servers


@pytest.mark.parametrize(
    "url",
    [
        "kafka://", "kafka:host", "kafka://a,,b", "kafka://a/topic", "kafka://a?acks=all", "http://a", "a:9092",
        "kafka://a:", "kafka://a:0", "kafka://a:65536", "kafka://a:port", "kafka://:9092", "kafka://ann:pw@a",
    ],
)  # fmt: skip
def test_other_urls_are_refused_before_anything_is_asked(url: str):
    with pytest.raises(BrokerError, match=r"host:9092"):
        client_arguments(Settings(broker=url))


def test_a_password_in_a_url_is_not_shown():
    with pytest.raises(BrokerError) as caught:
        bootstrap_servers("kafka://ann:s3kr1t@host:9092")
    assert "s3kr1t" not in str(caught.value)


@pytest.fixture
def deaf() -> Iterator[str]:
    """The address of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_each_address_is_named_with_its_reason(nobody: str, deaf: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reach, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(reach, "PROBE_SECONDS", 0.5)
    begin = time.monotonic()
    with pytest.raises(BrokerError) as caught:
        KafkaClient(Settings(broker=f"kafka://{nobody},{deaf}"))
    assert time.monotonic() - begin < 10
    message = str(caught.value)
    assert f"{nobody}: " in message
    assert "refused" in message or "Connect call failed" in message
    assert f"{deaf}: no answer in time" in message
    assert "evalstream broker" in message


def test_a_name_that_nobody_knows_is_told():
    with pytest.raises(BrokerError, match=r"no-such-host\.invalid:9092: .*"):
        KafkaClient(Settings(broker="kafka://no-such-host.invalid"))


def test_encryption_that_the_broker_does_not_speak_is_told(make_settings: MakeSettings):
    with pytest.raises(BrokerError, match="No Kafka can be reached at"):
        asyncio.run(look_at_topics(make_settings(kafka_tls=True)))


def test_a_broker_that_knows_no_logins_is_told(make_settings: MakeSettings):
    settings = make_settings(kafka_sasl_mechanism="PLAIN", kafka_username="ann", kafka_password="s3kr1t")
    with pytest.raises(BrokerError, match="kafka_sasl_") as caught:
        KafkaClient(settings)
    assert "s3kr1t" not in str(caught.value)
    # Nor does a worker wait for what does not pass.
    with pytest.raises(BrokerError, match="kafka_sasl_"):
        asyncio.run(prepared_topics(settings))
