"""Topics on a real broker: what is made is what was wanted, as the broker itself describes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from kafka_admin_helpers import MakeSettings, admin_of

from evalstream.streams.errors import BrokerError
from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka.admin import ensure_topics, look_at_topics
from evalstream.streams.transport.kafka.topic_config import topics_of

DAY_MS = 24 * 60 * 60 * 1000


def make(settings: Settings, *topics: NewTopic) -> None:
    async def run() -> None:
        async with admin_of(settings) as admin:
            response = await admin.create_topics(list(topics))
            assert [error[1] for error in response.topic_errors] == [0] * len(topics)

    asyncio.run(run())


def described(settings: Settings, topic: str) -> tuple[int, Mapping[str, str]]:
    """Return a topic's partitions and configuration, by a client that knows nothing of ours."""

    async def run() -> tuple[int, Mapping[str, str]]:
        async with admin_of(settings) as admin:
            (found,) = await admin.describe_topics([topic])
            (response,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            return len(found["partitions"]), {entry[0]: entry[1] for entry in response.resources[0][4]}

    return asyncio.run(run())


def test_topics_are_made_as_wanted(make_settings: MakeSettings, topic_prefix: str):
    settings = make_settings(completions_retention=3 * 24 * 60 * 60, max_message_bytes=2_000_000)
    states = asyncio.run(ensure_topics(settings))
    assert [state.name for state in states] == [topic.name for topic in topics_of(settings)]
    assert all(state.made and state.partitions == 3 and state.replication == 1 for state in states)
    assert [state.warnings for state in states] == [()] * 7
    for topic in topics_of(settings):
        partitions, config = described(settings, topic.name)
        assert partitions == 3
        assert config["cleanup.policy"] == topic.cleanup
        assert int(config["max.message.bytes"]) >= 2_000_000
        if topic.cleanup == "delete":
            assert (config["retention.ms"], config["retention.bytes"]) == (str(3 * DAY_MS), "-1")
    assert described(settings, f"{topic_prefix}evals")[1]["min.compaction.lag.ms"] == str(3 * DAY_MS)


def test_without_a_limit_completions_are_kept_for_ever(make_settings: MakeSettings, topic_prefix: str):
    settings = make_settings(completions_retention=None)
    asyncio.run(ensure_topics(settings))
    assert described(settings, f"{topic_prefix}completions")[1]["retention.ms"] == "-1"
    assert all(not state.warnings for state in asyncio.run(ensure_topics(settings)))


def test_topics_that_are_there_stay_as_they_are(settings: Settings, make_settings: MakeSettings):
    again = asyncio.run(ensure_topics(make_settings(partitions=5)))
    assert [(state.made, state.partitions, state.warnings) for state in again] == [(False, 3, ())] * 7


def test_a_topic_made_late_gets_as_many_partitions_as_the_others(make_settings: MakeSettings, topic_prefix: str):
    make(make_settings(), NewTopic(f"{topic_prefix}scores", 2, 1))
    states = asyncio.run(ensure_topics(make_settings(partitions=8)))
    assert {state.partitions for state in states} == {2}
    assert [state.name for state in states if not state.made] == [f"{topic_prefix}scores"]


def test_what_does_not_suit_is_named_with_its_setting(make_settings: MakeSettings, topic_prefix: str):
    config = {"retention.ms": "1000", "retention.bytes": "5000", "max.message.bytes": "9999"}
    make(
        make_settings(),
        NewTopic(f"{topic_prefix}completions", 3, 1, topic_configs=config),
        NewTopic(f"{topic_prefix}evals", 3, 1, topic_configs={"cleanup.policy": "delete"}),
    )
    states = {state.name: state for state in asyncio.run(ensure_topics(make_settings()))}
    said = states[f"{topic_prefix}completions"].warnings
    assert [warning.split(" has ")[0] for warning in said] == [f"Topic {topic_prefix}completions"] * 3
    assert [warning.split(" has ")[1].split(",")[0] for warning in said] == [
        "max.message.bytes=9999", "retention.ms=1000", "retention.bytes=5000",
    ]  # fmt: skip
    assert "cleanup.policy=delete, which should be compact" in states[f"{topic_prefix}evals"].warnings[0]
    assert states[f"{topic_prefix}scores"].warnings == ()


def test_fewer_copies_than_wanted_are_named(settings: Settings, make_settings: MakeSettings):
    states = asyncio.run(look_at_topics(make_settings(replication=2)))
    assert all("has replication 1, which should be at least 2" in state.warnings[-1] for state in states)


def test_topics_of_different_partitions_are_refused_and_nothing_is_made(make_settings: MakeSettings, topic_prefix: str):
    make(make_settings(), NewTopic(f"{topic_prefix}scores", 2, 1), NewTopic(f"{topic_prefix}evals", 4, 1))
    with pytest.raises(BrokerError, match=rf"{topic_prefix}evals 4, {topic_prefix}scores 2.*topic_prefix"):
        asyncio.run(ensure_topics(make_settings()))
    there = [state.name for state in asyncio.run(look_at_topics(make_settings())) if state.partitions]
    assert there == [f"{topic_prefix}evals", f"{topic_prefix}scores"]


def test_two_who_make_them_at_once_agree(make_settings: MakeSettings):
    async def race() -> list[list[object]]:
        wishes = [make_settings(partitions=partitions) for partitions in (2, 5, 2, 5)]
        return [[*states] for states in await asyncio.gather(*(ensure_topics(wish) for wish in wishes))]

    found = asyncio.run(race())
    assert {state.partitions for states in found for state in states} in ({2}, {5})
    makers = [sum(states[place].made for states in found) for place in range(7)]
    assert makers == [1] * 7


def test_looking_makes_nothing(make_settings: MakeSettings):
    for _ in range(2):
        states = asyncio.run(look_at_topics(make_settings()))
        assert [(state.partitions, state.made, state.warnings) for state in states] == [(0, False, ())] * 7


def test_more_copies_than_brokers_are_refused_in_words(make_settings: MakeSettings, topic_prefix: str):
    with pytest.raises(BrokerError, match=rf"does not make topic {topic_prefix}evals: .*`replication`"):
        asyncio.run(ensure_topics(make_settings(replication=3)))
