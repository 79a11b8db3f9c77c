"""Topics on Kafka: made with the settings that ours need, and looked at if they are there already."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from ...errors import BrokerError
from ...settings.model import Settings
from ...topics import TOPICS
from .connection import client_arguments
from .sender import explained

__all__ = ["TopicState", "changelog_name", "ensure_topics", "unsuitable", "wanted_config"]

logger = logging.getLogger(__name__)

OVERHEAD = 64 * 1024
"""Bytes that a message may have besides its value: key, headers, the batch's own."""

FOR_EVER = "-1"


@dataclass(frozen=True)
class TopicState:
    """A topic on the broker. ``made`` tells whether we have just made it; ``warnings`` are sentences for people."""

    name: str
    partitions: int
    made: bool
    warnings: tuple[str, ...] = ()


def changelog_name(settings: Settings) -> str:
    """Return the name of the topic that the table of segments is recovered from, without the prefix."""
    return f"{settings.app_id}-segments-changelog"


def wanted_config(settings: Settings, cleanup: str, replication: int) -> dict[str, str]:
    """Return the configuration of a topic of ours.

    Examples
    --------
    >>> wanted_config(Settings(completions_retention=60), "delete", 1)["retention.ms"]
    '60000'
    """
    config = {"cleanup.policy": cleanup, "max.message.bytes": str(settings.max_message_bytes + OVERHEAD)}
    if cleanup == "delete":
        seconds = settings.completions_retention
        config["retention.ms"] = FOR_EVER if seconds is None else str(int(seconds * 1000))
    if replication >= 3:
        # With acks=all a record is confirmed when so many have it: one broker may be lost, and writing goes on.
        config["min.insync.replicas"] = "2"
    return config


def unsuitable(name: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Say which settings of an existing topic do not suit us.

    Examples
    --------
    >>> unsuitable("scores", {"cleanup.policy": "delete"}, {"cleanup.policy": "compact"})
    ['Topic scores has cleanup.policy=compact, which should be delete.']
    """
    warnings = []
    for key, value in wanted.items():
        have = found.get(key, value)
        if key == "cleanup.policy":
            good = have == value
        elif key == "retention.ms":
            good = have == FOR_EVER or (value != FOR_EVER and int(have) >= int(value))
        else:
            good = int(have) >= int(value)
        if not good:
            least = "" if key == "cleanup.policy" else "at least "
            shown = "-1 (for ever)" if (key, value) == ("retention.ms", FOR_EVER) else f"{least}{value}"
            warnings.append(f"Topic {name} has {key}={have}, which should be {shown}.")
    return warnings


async def ensure_topics(settings: Settings) -> list[TopicState]:
    """Make the topics that are missing, and look at those that are there.

    Returns
    -------
    list
        The topics in the order of `topics.TOPICS`, and the table's changelog.

    Raises
    ------
    BrokerError
        No broker answers, it refuses, or the topics differ in their number of partitions.
    """
    admin = AIOKafkaAdminClient(**client_arguments(settings))
    try:
        await admin.start()
        return await _ensured(admin, settings)
    except KafkaError as error:
        raise explained(error, f"making topics on {settings.broker}") from error
    finally:
        await admin.close()


async def _ensured(admin: AIOKafkaAdminClient, settings: Settings) -> list[TopicState]:
    cleanups = {settings.topic_prefix + topic.name: topic.cleanup for topic in TOPICS}
    cleanups[settings.topic_prefix + changelog_name(settings)] = "compact"
    brokers = len((await admin.describe_cluster())["brokers"])
    replication = settings.replication or min(3, brokers)
    configs = {name: wanted_config(settings, cleanup, replication) for name, cleanup in cleanups.items()}
    before = await _partitions(admin, list(cleanups))
    missing = [name for name in cleanups if name not in before]
    # Topics that are made late must have as many partitions as those that are there.
    count = max(before.values(), default=settings.partitions)
    made = await _create(admin, [NewTopic(n, count, replication, topic_configs=configs[n]) for n in missing])
    if len(set(before.values())) > 1:
        listed = ", ".join(f"{name} {number}" for name, number in before.items())
        raise BrokerError(
            f"Kafka: the topics differ in their number of partitions ({listed}). An eval's events must meet in one"
            " partition: give all the same number, or choose another topic_prefix."
        )
    found = await _configs(admin, [name for name in cleanups if name not in made])
    return [
        TopicState(name, count, name in made, tuple(unsuitable(name, configs[name], found.get(name, {}))))
        for name in cleanups
    ]


async def _partitions(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, int]:
    described = await admin.describe_topics(list(names))
    return {topic["topic"]: len(topic["partitions"]) for topic in described if topic["error_code"] == 0}


async def _create(admin: AIOKafkaAdminClient, topics: list[NewTopic]) -> set[str]:
    """Make topics; return the names of those that were not there."""
    made: set[str] = set()
    response = await admin.create_topics(topics) if topics else None
    for name, code, *details in response.topic_errors if response is not None else ():
        if not code:
            made.add(name)
        # Another worker that starts at the same time may have made it.
        elif for_code(code) is not TopicAlreadyExistsError:
            reason = details[0] if details and details[0] else for_code(code).__name__
            raise BrokerError(
                f"Kafka does not make topic {name}: {reason}. Set `partitions` and `replication` to what the cluster"
                " allows, or have its owner make the topics."
            )
    return made


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    responses: list[Any] = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for response in responses
        for resource in response.resources
        if resource[0] == 0
    }
