"""Which partition a record goes to: the one that Kafka's own clients choose for its key."""

from __future__ import annotations

from functools import lru_cache

from aiokafka.partitioner import murmur2

__all__ = ["partition_of"]


@lru_cache(1 << 14)
def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key, of so many.

    An eval's events, scores and metrics meet in one partition of each topic because all who send them choose so:
    murmur2 of the key, as the Java client's default (KIP-480 changed only what happens without a key).

    Examples
    --------
    >>> partition_of(b"an eval", 8), partition_of(b"an eval", 1)
    (7, 0)
    """
    hashed: int = murmur2(key)
    return (hashed & 0x7FFFFFFF) % count
