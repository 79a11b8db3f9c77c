"""Topics on Kafka: made with the settings that ours need, and looked at if they are there already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from ...errors import BrokerError
from ...settings.model import Settings
from .connection import client_arguments
from .failures import FAILURES, explained
from .reach import in_time, raise_unreachable
from .topic_config import TopicState, topics_of, unsuitable, wanted_config, wanted_replication

__all__ = ["ensure_topics", "look_at_topics"]

VISIBLE_SECONDS = 10.0
"""How long the brokers take at most to tell each other of a new topic."""

_Found = dict[str, tuple[int, int]]
"""Partitions and copies of each topic."""


async def ensure_topics(settings: Settings, patient: bool = True) -> list[TopicState]:
    """Make the topics that are missing, and look at those that are there.

    Parameters
    ----------
    patient
        Whether a broker may take as long to answer as any request may. Somebody who waits for a command is not.

    Returns
    -------
    list
        The topics in the order of `topics.TOPICS`, and the table's changelog.

    Raises
    ------
    BrokerError
        No broker answers, it refuses, or the topics differ in their number of partitions.
    """
    async with _admin(settings, "making topics", patient) as admin:
        brokers, before = await _look(admin, settings)
        copies = wanted_replication(settings, brokers)

        def new() -> list[NewTopic]:
            _same_partitions(before)
            # Topics that are made late must have as many partitions as those that are there.
            count = max((partitions for partitions, _ in before.values()), default=settings.partitions)
            missing = [topic for topic in topics_of(settings) if topic.name not in before]
            return [NewTopic(t.name, count, copies, topic_configs=wanted_config(settings, t, copies)) for t in missing]

        hidden = await _create(admin, new(), only_ask=True)
        if hidden:
            # The controller has them already, and the broker that we asked does not yet know how they are.
            before = await _when_visible(admin, settings, {*before, *hidden})
        there = await _create(admin, new())
        found = await _when_visible(admin, settings, {topic.name for topic in topics_of(settings)})
        made = found.keys() - before.keys() - there
        # Somebody else may have made some at the same moment, with another number.
        _same_partitions(found)
        return await _states(admin, settings, brokers, found, made)


async def look_at_topics(settings: Settings) -> list[TopicState]:
    """Look at the topics, and make none; one that is missing has no partitions.

    Raises
    ------
    BrokerError
        No broker answers, or it refuses.
    """
    async with _admin(settings, "looking at topics", patient=False) as admin:
        brokers, found = await _look(admin, settings)
        return await _states(admin, settings, brokers, found, set())


@asynccontextmanager
async def _admin(settings: Settings, doing: str, patient: bool) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        try:
            await (admin.start() if patient else in_time(settings, admin.start()))
        except FAILURES as error:
            await raise_unreachable(settings, error)
        yield admin
    except FAILURES as error:
        if isinstance(error, BrokerError):
            raise
        raise explained(error, doing) from error
    finally:
        await admin.close()


async def _look(admin: AIOKafkaAdminClient, settings: Settings) -> tuple[int, _Found]:
    """Return how many brokers there are, and which of our topics."""
    brokers = len((await admin.describe_cluster())["brokers"])
    # All topics there are: to ask for one by name makes it, on brokers that make topics by themselves.
    described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
    ours = {topic.name: described[topic.name] for topic in topics_of(settings) if described.get(topic.name)}
    return brokers, {name: (len(places), min(len(p["replicas"]) for p in places)) for name, places in ours.items()}


async def _when_visible(admin: AIOKafkaAdminClient, settings: Settings, names: set[str]) -> _Found:
    loop = asyncio.get_running_loop()
    end = loop.time() + VISIBLE_SECONDS
    while True:
        _, found = await _look(admin, settings)
        missing = sorted(names - found.keys())
        if not missing:
            return found
        if loop.time() > end:
            raise BrokerError(
                f"Kafka has these topics and does not show them: {', '.join(missing)}. See that the cluster is well,"
                " and that you may describe them."
            )
        await asyncio.sleep(0.05)


def _same_partitions(found: _Found) -> None:
    if len({partitions for partitions, _ in found.values()}) > 1:
        listed = ", ".join(f"{name} {partitions}" for name, (partitions, _) in found.items())
        raise BrokerError(
            f"Kafka: the topics differ in their number of partitions ({listed}). An eval's events must meet in one"
            " partition: give all the same number, or choose another topic_prefix."
        )


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic], only_ask: bool = False) -> set[str]:
    """Make topics, or ask whether they could be made; return those that were there: others may make them just now."""
    there = set()
    response = await admin.create_topics(topics, validate_only=only_ask) if topics else None
    for name, code, *details in response.topic_errors if response else ():
        error = for_code(code)
        if error is TopicAlreadyExistsError:
            there.add(name)
        elif code:
            reason = details[0] if details and details[0] else error.__name__
            raise BrokerError(
                f"Kafka does not make topic {name}: {str(reason).rstrip('.')}. Set `partitions` and `replication` to"
                " what the cluster allows, or have its owner make the topics."
            ) from error()
    return there


async def _states(
    admin: AIOKafkaAdminClient, settings: Settings, brokers: int, found: _Found, made: set[str]
) -> list[TopicState]:
    configs = await _configs(admin, list(found))
    copies = wanted_replication(settings, brokers)
    states = []
    for topic in topics_of(settings):
        partitions, replication = found.get(topic.name, (0, 0))
        config = configs.get(topic.name, {})
        warnings: tuple[str, ...] = ()
        if topic.name in found and topic.name not in made:
            warnings = tuple(unsuitable(topic.name, wanted_config(settings, topic, copies), config))
            if replication < copies:
                warnings += (f"Topic {topic.name} has replication {replication}, which should be at least {copies}.",)
        states.append(TopicState(topic.name, partitions, replication, config, topic.name in made, warnings))
    return states


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    responses: list[Any] = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    # One that we may not look at is left out: what is not known is not warned about.
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for response in responses
        for resource in response.resources
        if resource[0] == 0
    }
