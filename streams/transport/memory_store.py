"""Topics that live as long as the process, for a command that brings its own broker.

"In memory" is a figure of speech: beyond a few megabytes a topic's bytes go to an unnamed temporary file, so that a
long log's scores do not pile up in memory. An index of 8 bytes a record stays.
"""

from __future__ import annotations

import tempfile
import threading
import time
from array import array
from collections.abc import Mapping, Sequence
from typing import IO

import msgspec

from ..errors import BrokerError
from .record import NewRecord, Record

__all__ = ["MemoryStore"]

SPOOL_BYTES = 512 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class _Topic:
    """One append-only log: encoded records end to end in a spooled file, and where each one starts."""

    __slots__ = ("bounds", "file")

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
        self.bounds = array("q", [0])

    def __len__(self) -> int:
        return len(self.bounds) - 1


class MemoryStore:
    """A `TopicStore` for one process.

    Examples
    --------
    >>> store = MemoryStore()
    >>> store.append("scores", [NewRecord(b"k", b"1"), NewRecord(b"k", b"2")])
    0
    >>> [(r.offset, r.value) for r in store.read("scores", 1, 10, 1000)], store.end_offset("scores")
    ([(1, b'2')], 2)
    """

    blocking = False

    def __init__(self) -> None:
        self._topics: dict[str, _Topic] = {}
        self._committed: dict[tuple[str, str], int] = {}
        self._appends = 0
        self._lock = threading.Lock()

    def create_topic(self, topic: str) -> None:
        with self._lock:
            self._topic(topic)

    def append(self, topic: str, records: Sequence[NewRecord]) -> int:
        with self._lock:
            log = self._topic(topic)
            first, end = len(log), log.bounds[-1]
            now = int(time.time() * 1000)
            chunks, bounds = [], array("q")
            for offset, record in enumerate(records, first):
                stamp = now if record.timestamp_ms is None else record.timestamp_ms
                chunk = _encode((offset, record.key, record.value, record.headers, stamp))
                chunks.append(chunk)
                end += len(chunk)
                bounds.append(end)
            try:
                log.file.seek(log.bounds[-1])
                log.file.write(b"".join(chunks))
                log.file.flush()
            except OSError as error:
                raise BrokerError(
                    f"Temporary files in {tempfile.gettempdir()} cannot be written: {error.strerror or error}."
                    " Free some space there, or set TMPDIR to another folder."
                ) from error
            log.bounds.extend(bounds)
            self._appends += 1
            return first

    def read(self, topic: str, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        with self._lock:
            log = self._topic(topic)
            bounds = log.bounds
            first = max(offset, 0)
            last = min(first + max_records, len(log))
            while last > first + 1 and bounds[last] - bounds[first] > max_bytes:
                last = first + (last - first) // 2
            if last <= first:
                return []
            start = bounds[first]
            log.file.seek(start)
            data = memoryview(log.file.read(bounds[last] - start))
            return [_decode(data[bounds[i] - start : bounds[i + 1] - start]) for i in range(first, last)]

    def first_offset(self, topic: str) -> int:
        return 0

    def end_offset(self, topic: str) -> int:
        with self._lock:
            return len(self._topic(topic))

    def committed(self, group: str, topic: str) -> int | None:
        return self._committed.get((group, topic))

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        self._committed.update({(group, topic): offset for topic, offset in offsets.items()})

    def changes(self) -> object:
        return self._appends

    def close(self) -> None:
        with self._lock:
            for log in self._topics.values():
                log.file.close()
            self._topics.clear()

    def _topic(self, name: str) -> _Topic:
        log = self._topics.get(name)
        if log is None:
            log = self._topics[name] = _Topic()
        return log
