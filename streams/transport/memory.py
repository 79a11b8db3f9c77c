"""``memory://name``: a broker that lives as long as the process."""

from __future__ import annotations

from .local import LocalTransport
from .store import TopicStore
from .stores import open_store

__all__ = ["Transport"]


class Transport(LocalTransport):
    """Faust's way to a `MemoryStore`."""

    def open_store(self) -> TopicStore:
        return open_store(str(self.url[0]))
