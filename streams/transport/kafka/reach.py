"""Why brokers cannot be reached: aiokafka keeps it to its log, and says only that it could not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, NoReturn

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError

from ...errors import BrokerError
from ...settings.masking import masked_url
from ...settings.model import Settings
from .connection import client_arguments
from .failures import FAILURES, explained, may_pass

__all__ = ["in_time", "raise_unreachable"]

CONNECT_SECONDS = 6.0
"""How long somebody who starts a command waits for brokers that do not answer, before the reasons are looked for."""

PROBE_SECONDS = 3.0
"""For each of the addresses: long enough for a login, short enough for somebody who waits for a command."""


async def in_time(settings: Settings, connecting: Awaitable[None]) -> None:
    """Wait for a connection to be made, for some ten seconds in all.

    Raises
    ------
    BrokerError
        It fails, or takes too long.
    """
    try:
        await asyncio.wait_for(connecting, CONNECT_SECONDS)
    except asyncio.TimeoutError as error:
        await raise_unreachable(settings, error)


async def raise_unreachable(settings: Settings, error: BaseException) -> NoReturn:
    """Raise the error that says, for each address, why it could not be reached.

    Its ``__cause__`` tells whether it may pass: a refused login does not.

    Parameters
    ----------
    error
        What a client failed with.
    """
    where = masked_url(settings.broker)
    if not isinstance(error, KafkaConnectionError | asyncio.TimeoutError):
        raise explained(error, f"connecting to {where}") from error
    arguments = client_arguments(settings)
    addresses = arguments.pop("bootstrap_servers")
    found = await asyncio.gather(*(_probe(address, arguments) for address in addresses))
    final = next((one for one in found if one is not None and not may_pass(one)), None)
    if final is not None:
        raise explained(final, f"connecting to {where}") from final
    said = "; ".join(f"{address}: {_shown(one)}" for address, one in zip(addresses, found, strict=True))
    raise BrokerError(
        f"No Kafka can be reached at {where} ({said}). See that it runs and the address is right; `evalstream broker`"
        " starts one on this machine."
    ) from error


async def _probe(address: str, arguments: Mapping[str, Any]) -> BaseException | None:
    """Connect and log in as a client would; return what that failed with."""
    host, _, port = address.rpartition(":")
    try:
        connection = await asyncio.wait_for(create_conn(host.strip("[]"), int(port), **arguments), PROBE_SECONDS)
    except FAILURES as error:
        return error
    await connection.close()
    return None


def _shown(error: BaseException | None) -> str:
    if error is None:
        return "it is connected to, and does not answer in time"
    if isinstance(error, asyncio.TimeoutError):
        return "no answer in time"
    return getattr(error, "strerror", None) or str(error).removeprefix(f"{type(error).__name__}: ")
