"""Whether a node answers, asked over a plain socket: callers may be in an event loop or not."""

from __future__ import annotations

import socket
import struct

from .ports import HOST

__all__ = ["known_brokers"]

_METADATA, _VERSION, _CORRELATION, _NO_TOPICS = 3, 1, 1, 0
_REQUEST = struct.pack(">hhihi", _METADATA, _VERSION, _CORRELATION, -1, _NO_TOPICS)


def known_brokers(port: int, timeout: float = 2.0) -> frozenset[int]:
    """Ask the node at a port for metadata; return the ids of the brokers that it takes for alive.

    A node that lists itself has joined its cluster and takes requests. It waits ``timeout`` seconds for each answer.

    Raises
    ------
    OSError
        It does not answer.
    """
    with socket.create_connection((HOST, port), timeout) as connection:
        connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
        (size,) = struct.unpack(">i", _exactly(connection, 4))
        return _broker_ids(_exactly(connection, size))


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise ConnectionError("the connection was closed before the answer was complete")
        received += piece
    return received


def _broker_ids(response: bytes) -> frozenset[int]:
    """Read a Metadata response of version 1: correlation id, then per broker id, host, port and rack.

    Examples
    --------
    >>> one = struct.pack(">ih1sih", 7, 1, b"h", 9092, -1)
    >>> other = struct.pack(">ih1sih1s", 8, 1, b"h", 9093, 1, b"r")
    >>> sorted(_broker_ids(struct.pack(">ii", 1, 2) + one + other))
    [7, 8]
    """
    (count,) = struct.unpack_from(">i", response, 4)
    place, found = 8, set()
    for _ in range(count):
        node_id, host_size = struct.unpack_from(">ih", response, place)
        (rack_size,) = struct.unpack_from(">h", response, place + 6 + host_size + 4)
        place += 6 + host_size + 4 + 2 + max(rack_size, 0)
        found.add(node_id)
    return frozenset(found)
