"""Whether a scorer that failed is tried again, and when.

Two kinds of failure are told apart. What the scorer itself makes of a sample (an exception of its own, an answer of its
judge that makes no sense) may come out otherwise the next time, so it gets a few attempts. *Transient* trouble (a judge
that is down, a full disk) has nothing to do with the sample: it is waited for, or an outage of an hour would turn every
sample into a dead letter.
"""

from __future__ import annotations

import errno
import random
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Retries", "is_transient"]

FIRST_PAUSE, LAST_PAUSE = 0.5, 60.0
"""Seconds: each pause is up to twice as long as the one before."""

_ERRNOS = frozenset(
    getattr(errno, name, -1)
    for name in (
        "EAGAIN", "EBUSY", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EDQUOT", "EHOSTDOWN", "EHOSTUNREACH",
        "EMFILE", "ENETDOWN", "ENETRESET", "ENETUNREACH", "ENFILE", "ENOBUFS", "ENOSPC", "EPIPE", "ESTALE", "ETIMEDOUT",
    )
)  # fmt: skip

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that speak of the server or of its load; 529 is what some judges say when they are overloaded."""

_OF_LIBRARIES = (("httpx", "TransportError"), ("aiohttp", "ClientConnectionError"))
"""Errors of connections that are no OSError."""

CAUSES = 8
"""So far the causes of an error are followed: clients of judges wrap what their HTTP library raised."""


@dataclass(frozen=True)
class Retries:
    """How often, and for how long, a scorer is tried again.

    Parameters
    ----------
    attempts
        How often at most, the first time included.
    patience
        Seconds for which transient trouble is waited for, however many attempts that takes.
    transient_only
        Other failures are final the first time.

    Examples
    --------
    >>> retries = Retries(attempts=3)
    >>> [retries.pause(ValueError(), attempts, 0.0) is not None for attempts in (1, 2, 3)]
    [True, True, False]
    >>> Retries(attempts=3, patience=60).pause(ConnectionError(), 9, 59.0) is not None
    True
    """

    attempts: int = 1
    patience: float = 0.0
    transient_only: bool = False

    def pause(self, error: BaseException, attempts: int, elapsed: float) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is none.

        Parameters
        ----------
        error
            What the last attempt ended with.
        attempts, elapsed
            How many there were, and the seconds since the first one began.
        """
        transient = is_transient(error)
        if not (transient or not self.transient_only) or (
            attempts >= self.attempts and not (transient and elapsed < self.patience)
        ):
            return None
        longest = min(FIRST_PAUSE * 2.0 ** min(attempts - 1, 16), LAST_PAUSE)
        # With jitter: the samples that an outage stopped at one moment should not all come back at another.
        return random.uniform(longest / 2, longest)


def is_transient(error: BaseException) -> bool:
    """Tell whether an error speaks of its surroundings, and not of the sample.

    An exception class may say so itself, by an attribute ``transient`` (True or False). Otherwise these do: trouble
    with connections and names, a full disk and the like, HTTP statuses such as 429 and 503 (``status_code`` of the
    error or of its ``response``, as the clients of most judges have it), and whatever was caused by one of them.

    Examples
    --------
    >>> class Overloaded(Exception):
    ...     transient = True
    >>> is_transient(Overloaded()), is_transient(ConnectionRefusedError()), is_transient(FileNotFoundError())
    (True, True, False)
    """
    for one in _chain(error):
        said = getattr(one, "transient", None)
        if isinstance(said, bool):
            return said
        if isinstance(one, ConnectionError | TimeoutError | socket.gaierror):
            return True
        if isinstance(one, OSError) and one.errno in _ERRNOS:
            return True
        if _status(one) in _BUSY or _is_of_library(one):
            return True
    return False


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    for _ in range(CAUSES):
        if following is None:
            return
        yield following
        following = following.__cause__


def _status(error: BaseException) -> object:
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _is_of_library(error: BaseException) -> bool:
    # An error of a library that was never imported cannot have been raised.
    kinds = (getattr(sys.modules.get(module), name, None) for module, name in _OF_LIBRARIES)
    return any(isinstance(kind, type) and isinstance(error, kind) for kind in kinds)
