"""Topics on a real Kafka: made as ours need them, and looked at if they are there."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from click.testing import CliRunner

from evalstream.streams.cli import main
from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka.admin import ensure_topics


@pytest.fixture
def settings(kafka_broker, topic_prefix) -> Settings:
    return Settings(broker=f"kafka://{kafka_broker}", topic_prefix=topic_prefix, partitions=3, completions_retention=60)


async def with_admin(broker: str, work):
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        return await work(admin)
    finally:
        await admin.close()


def make(broker: str, *topics: NewTopic) -> None:
    """Make topics, and wait until the broker tells of them."""

    async def work(admin):
        await admin.create_topics(list(topics))
        names = [topic.name for topic in topics]
        while any(topic["error_code"] for topic in await admin.describe_topics(names)):
            await asyncio.sleep(0)

    asyncio.run(with_admin(broker, work))


def test_they_are_made_with_the_settings_that_ours_need(settings, kafka_broker, topic_prefix):
    states = asyncio.run(ensure_topics(settings))
    assert {(state.partitions, state.made, state.warnings) for state in states} == {(3, True, ())}

    async def described(admin):
        (found,) = await admin.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, f"{topic_prefix}completions")]
        )
        return {entry[0]: entry[1] for entry in found.resources[0][4]}

    config = asyncio.run(with_admin(kafka_broker, described))
    assert (config["cleanup.policy"], config["retention.ms"]) == ("delete", "60000")
    assert int(config["max.message.bytes"]) >= settings.max_message_bytes
    assert {state.made for state in asyncio.run(ensure_topics(settings))} == {False}


def test_what_does_not_suit_is_named(settings, kafka_broker, topic_prefix):
    bad = NewTopic(f"{topic_prefix}completions", 3, 1, topic_configs={"cleanup.policy": "compact", "retention.ms": "5"})
    make(kafka_broker, bad)
    warnings = [warning for state in asyncio.run(ensure_topics(settings)) for warning in state.warnings]
    assert any("cleanup.policy=compact, which should be delete" in warning for warning in warnings)
    assert any("retention.ms=5, which should be at least 60000" in warning for warning in warnings)


def test_topics_of_different_sizes_are_refused(settings, kafka_broker, topic_prefix):
    odd = [NewTopic(f"{topic_prefix}evals", 2, 1), NewTopic(f"{topic_prefix}scores", 3, 1)]
    make(kafka_broker, *odd)
    with pytest.raises(BrokerError, match="differ in their number of partitions"):
        asyncio.run(ensure_topics(settings))


def test_the_command_may_be_given_twice(settings, topic_prefix):
    given = ["topics", "create", "--broker", settings.broker, "--topic-prefix", topic_prefix, "--partitions", "2"]
    for word in ("made", "is there"):
        ended = CliRunner().invoke(main, given)
        assert ended.exit_code == 0, ended.output
        assert f"{topic_prefix}completions: {word}, 2 partitions" in ended.output


def test_a_broker_that_does_not_answer_is_named():
    ended = CliRunner().invoke(main, ["topics", "create", "--broker", "kafka://127.0.0.1:1"])
    assert ended.exit_code == 2
    assert "127.0.0.1:1" in ended.output
    assert "Traceback" not in ended.output
