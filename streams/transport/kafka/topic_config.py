"""How a topic of ours should be set up on Kafka, and what is wrong with one that is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...changelog import changelog_name
from ...settings.model import Settings
from ...topics import EVALS, TOPICS, Topic

__all__ = ["TopicState", "topics_of", "unsuitable", "wanted_config", "wanted_replication"]

OVERHEAD = 64 * 1024
"""Bytes that a message may have besides its value: key, headers, the batch's own."""

MOST_COPIES = 3
FOR_EVER = "-1"
LONGEST_MS = str(2**63 - 1)

_WORDS = frozenset({"cleanup.policy"})
"""Settings that must be as wanted; the others are numbers, and more of them will do."""


@dataclass(frozen=True)
class TopicState:
    """A topic on the broker, as the broker describes it.

    ``partitions`` is 0 if there is none, ``made`` tells whether we have just made it, ``warnings`` are sentences for
    people. ``config`` is empty if we may not see it.
    """

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]
    made: bool
    warnings: tuple[str, ...] = ()


def topics_of(settings: Settings) -> list[Topic]:
    """Return the topics and the table's changelog, by their names on the broker.

    Examples
    --------
    >>> [topic.name for topic in topics_of(Settings(topic_prefix="lab-"))][::6]
    ['lab-evals', 'lab-evalstream-segments-changelog']
    """
    topics = [*TOPICS, Topic(changelog_name(settings), "compact")]
    return [replace(topic, name=settings.topic_prefix + topic.name) for topic in topics]


def wanted_replication(settings: Settings, brokers: int) -> int:
    """Return how many copies a topic should have in a cluster of so many brokers."""
    return settings.replication or min(MOST_COPIES, brokers)


def wanted_config(settings: Settings, topic: Topic, replication: int) -> dict[str, str]:
    """Return the configuration of one of `topics_of`.

    Examples
    --------
    >>> wanted_config(Settings(completions_retention=60), Topic("scores", "delete"), 1)["retention.ms"]
    '60000'
    """
    config = {"cleanup.policy": topic.cleanup, "max.message.bytes": str(settings.max_message_bytes + OVERHEAD)}
    seconds = settings.completions_retention
    if topic.cleanup == "delete":
        config["retention.ms"] = FOR_EVER if seconds is None else str(int(seconds * 1000))
        config["retention.bytes"] = FOR_EVER  # a cluster's default may be less than a long eval
    elif topic.name == settings.topic_prefix + EVALS.name:
        # An eval's start and end have one key: both are to stay for as long as its completions can be replayed.
        config["min.compaction.lag.ms"] = LONGEST_MS if seconds is None else str(int(seconds * 1000))
    if replication >= MOST_COPIES:
        # With acks=all a record is confirmed when so many have it: one broker may be lost, and writing goes on.
        config["min.insync.replicas"] = "2"
    return config


def unsuitable(name: str, wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Say which settings of an existing topic do not suit us.

    Examples
    --------
    >>> unsuitable("scores", {"cleanup.policy": "delete"}, {"cleanup.policy": "compact"})
    ['Topic scores has cleanup.policy=compact, which should be delete.']
    >>> unsuitable("scores", {"retention.ms": "60000"}, {"retention.ms": "-1"})
    []
    """
    warnings = []
    for key, value in wanted.items():
        have = found.get(key, value)
        if have == value:
            continue
        if key in _WORDS:
            warnings.append(f"Topic {name} has {key}={have}, which should be {value}.")
        elif not _at_least(key, have, value):
            shown = "-1 (no limit)" if value == FOR_EVER else f"at least {value}"
            warnings.append(f"Topic {name} has {key}={have}, which should be {shown}.")
    return warnings


def _at_least(key: str, have: str, value: str) -> bool:
    if key.startswith("retention."):
        return have == FOR_EVER or (value != FOR_EVER and int(have) >= int(value))
    return int(have) >= int(value)
