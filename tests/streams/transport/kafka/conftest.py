"""Fixtures: settings of this test's own on the run's broker, its topics, and its clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from kafka_admin_helpers import MakeSettings

from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka.admin import ensure_topics
from evalstream.streams.transport.kafka.client import KafkaClient


@pytest.fixture
def make_settings(kafka_broker: str, topic_prefix: str) -> MakeSettings:
    """Return a function that makes settings whose topics are this test's own."""

    def make(**changes: Any) -> Settings:
        given = {"broker": f"kafka://{kafka_broker}", "topic_prefix": topic_prefix, "partitions": 3, **changes}
        return Settings(**given)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """Settings whose topics are there, with three partitions each."""
    made = make_settings()
    asyncio.run(ensure_topics(made))
    return made


@pytest.fixture
def client(settings: Settings) -> Iterator[KafkaClient]:
    opened = KafkaClient(settings)
    yield opened
    opened.close()
