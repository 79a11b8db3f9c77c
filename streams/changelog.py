"""A table's records as its changelog has them."""

from __future__ import annotations

from collections.abc import Callable

from .transport.client import BrokerClient

__all__ = ["read_changelog"]

READ_RECORDS = 5000
READ_BYTES = 8 * 1024 * 1024


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
    offset = client.first_offset(topic, partition)
    end = client.end_offset(topic, partition)
    while offset < end and not given_up():
        records = client.read(topic, partition, offset, READ_RECORDS, READ_BYTES)
        if not records:
            break  # compaction has removed the rest
        for record in records:
            if record.value is None:
                table.pop(record.key or b"", None)
            else:
                table[record.key or b""] = record.value
        offset = records[-1].offset + 1
    return table
