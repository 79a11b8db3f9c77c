"""A table's records as its changelog has them."""

from __future__ import annotations

from collections.abc import Callable

from .settings import Settings
from .transport.client import BrokerClient, batches_of

__all__ = ["changelog_name", "read_changelog"]


def changelog_name(settings: Settings) -> str:
    """Return the name of the topic that the table of segments is recovered from, without the prefix."""
    return f"{settings.app_id}-segments-changelog"


def read_changelog(
    client: BrokerClient, topic: str, partition: int, given_up: Callable[[], bool] = lambda: False
) -> dict[bytes, bytes]:
    """Return the last value of each key, as of the partition's end at the time of the call.

    Parameters
    ----------
    given_up
        Asked between reads; if it says so, what was read so far is returned: nobody waits for it any more.

    Raises
    ------
    BrokerError
        The broker does not answer.

    Examples
    --------
    >>> from evalstream.streams.transport.client import LocalClient
    >>> from evalstream.streams.transport.memory_store import MemoryStore
    >>> from evalstream.streams.transport.record import NewRecord
    >>> client = LocalClient(MemoryStore())
    >>> pairs = (b"a", b"1"), (b"b", b"2"), (b"a", b"3"), (b"b", None)
    >>> client.append("log", [NewRecord(key, value) for key, value in pairs])
    >>> read_changelog(client, "log", 0)
    {b'a': b'3'}
    """
    table: dict[bytes, bytes] = {}
    for records in batches_of(client, topic, partition):
        if given_up():
            break
        for record in records:
            if record.value is None:
                table.pop(record.key or b"", None)
            else:
                table[record.key or b""] = record.value
    return table
