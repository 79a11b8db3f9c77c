"""``embedded:///dir``: a durable broker in a folder, for one worker and any number of publishers on one machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import BrokerError
from .local import LocalTransport
from .store import TopicStore
from .stores import open_store

__all__ = ["Transport", "worker_lock"]


class Transport(LocalTransport):
    """Faust's way to a `SqliteStore`."""

    def open_store(self) -> TopicStore:
        return open_store(str(self.url[0]))


_BUSY = (
    "Another worker (process {owner}) runs on {folder}; an embedded broker takes one."
    " Stop that one, give this one another folder, or use Kafka for several workers."
)


@contextmanager
def worker_lock(folder: Path, busy: str = _BUSY) -> Iterator[None]:
    """Hold the right to run the agents on an embedded broker; the system lets go of it when the process ends, however.

    Parameters
    ----------
    folder
        The broker's.
    busy
        What to say if another process holds it: ``{owner}`` is its number, ``{folder}`` the folder.

    Raises
    ------
    BrokerError
        Another worker runs on this folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise BrokerError(
            f"The embedded broker in {folder} cannot be opened: {error.strerror or error}."
            " Choose another folder with --broker embedded:///path."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise BrokerError(busy.format(owner=owner, folder=folder)) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
