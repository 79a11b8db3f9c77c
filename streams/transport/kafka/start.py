"""What a worker does about Kafka before its Faust app starts: wait for the brokers, and make the topics."""

from __future__ import annotations

import asyncio
import logging

from ...errors import BrokerError
from ...pauses import pauses
from ...settings.model import Settings
from .admin import ensure_topics
from .connection import client_arguments
from .failures import may_pass

__all__ = ["prepared_topics"]

logger = logging.getLogger(__name__)


async def prepared_topics(settings: Settings) -> int:
    """Make sure that the topics are there, and return how many partitions they have.

    Waits for brokers that do not answer: workers and brokers that start together come up in any order.

    Raises
    ------
    BrokerError, UsageError
        The brokers refuse us, or settings make no sense.
    """
    client_arguments(settings)  # what is wrong with the settings is said at once
    for pause in pauses():
        try:
            states = await ensure_topics(settings)
        except BrokerError as error:
            if not may_pass(error.__cause__):
                raise
            logger.warning("%s Next try in %.1f s", error, pause)
            await asyncio.sleep(pause)
        else:
            break
    for state in states:
        for warning in state.warnings:
            logger.warning("%s", warning)
    return states[0].partitions
