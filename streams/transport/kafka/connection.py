"""Where the brokers are, and what all of Kafka's clients are told."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ...errors import BrokerError
from ...kafka_security import kafka_security
from ...settings.masking import masked_url
from ...settings.model import Settings

__all__ = ["bootstrap_servers", "client_arguments"]

DEFAULT_PORT = 9092
REQUEST_TIMEOUT_MS = 40_000


def bootstrap_servers(url: str) -> list[str]:
    """Return the brokers that a ``kafka://`` URL names, as aiokafka takes them.

    Examples
    --------
    >>> bootstrap_servers("kafka://one:9092,two,[::1]:9094")
    ['one:9092', 'two:9092', '[::1]:9094']

    Raises
    ------
    BrokerError
        It names none, or has more in it than hosts and ports.
    """
    parts = urlsplit(url)
    hosts = [host.strip() for host in parts.netloc.split(",")]
    if parts.scheme != "kafka" or not all(hosts) or parts.path.strip("/") or parts.query or "@" in parts.netloc:
        raise BrokerError(
            f"{masked_url(url)!r} names no Kafka: write hosts and ports, as in kafka://host:9092,other:9092."
            " A user name and password are settings of their own (evalstream config --help)."
        )
    return [_with_port(host, url) for host in hosts]


def _with_port(host: str, url: str) -> str:
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        return f"{host}:{DEFAULT_PORT}"
    if not name or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise BrokerError(f"{masked_url(url)!r}: {host!r} is not a host and a port, as in host:9092.")
    return host


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Return the keyword arguments that aiokafka's producers, consumers and admin clients have in common.

    Raises
    ------
    BrokerError, UsageError
        The broker's URL or the settings of security make no sense.
    """
    return {
        "bootstrap_servers": bootstrap_servers(settings.broker),
        "client_id": settings.app_id,
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        **kafka_security(settings),
    }
