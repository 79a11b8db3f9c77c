"""Ports of this machine: finding free ones, and saying so when one is taken."""

from __future__ import annotations

import errno
import socket

from ..errors import BrokerError

__all__ = ["HOST", "check_free", "reserve_port"]

HOST = "127.0.0.1"
"""Nodes listen to this machine alone: they ask nobody for a password."""


def reserve_port() -> int:
    """Return a free port that the system gives to nobody else for a minute.

    A connection that was closed on the listening side lingers there (TIME_WAIT). While it does, the system hands the
    port out to nobody, but one who asks for it by number, as Kafka does, gets it.
    """
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, 0))
        listening.listen(1)
        port: int = listening.getsockname()[1]
        with socket.create_connection((HOST, port)) as calling:
            listening.accept()[0].close()
            calling.recv(1)
    return port


def check_free(port: int) -> None:
    """See that a node could listen on a port.

    Raises
    ------
    BrokerError
        Somebody listens there, or we may not.
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                detail = "is taken: stop what listens there, or choose another port (0 takes a free one)"
            else:
                detail = f"cannot be used ({error.strerror}): choose a port above 1023"
            raise BrokerError(f"Port {port} of {HOST} {detail}.") from error
