"""Durable topics for one machine: a folder with one SQLite database in WAL mode.

Several processes may append and read at the same time; SQLite's own locks order the writers. Which process runs the agents
is settled by `worker_lock`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ..errors import BrokerError
from .record import NewRecord, Record

__all__ = ["SqliteStore"]

FORMAT = 1
BUSY_SECONDS = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS topics (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS records (
    topic INTEGER NOT NULL REFERENCES topics (id), "offset" INTEGER NOT NULL,
    key BLOB, value BLOB, headers BLOB, timestamp_ms INTEGER NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS records_by_offset ON records (topic, "offset");
CREATE TABLE IF NOT EXISTS committed (
    "group" TEXT NOT NULL, topic TEXT NOT NULL, "offset" INTEGER NOT NULL, PRIMARY KEY ("group", topic));
"""


class SqliteStore:
    """A `TopicStore` in a folder.

    Parameters
    ----------
    folder
        Made if it is missing; the database in it is named ``topics.sqlite``.

    Raises
    ------
    BrokerError
        The folder cannot be made or written, or holds a database that is not ours.
    """

    blocking = True

    def __init__(self, folder: Path) -> None:
        self._path = folder / "topics.sqlite"
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            # FULL: an acknowledged record survives a power cut; WAL's NORMAL would only survive a killed process.
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise BrokerError(
                f"The embedded broker in {folder} cannot be opened: {error}."
                " Choose another folder with --broker embedded:///path, or remove this one to start anew."
            ) from error

    def _migrate(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, FORMAT):
            raise sqlite3.DatabaseError(f"its format is {version}, this version of evalstream reads {FORMAT}")
        if version == 0:
            self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")

    def create_topic(self, topic: str) -> None:
        with self._lock:
            self._id(topic)

    def append(self, topic: str, records: Sequence[NewRecord]) -> int:
        now = int(time.time() * 1000)
        with self._lock:
            number = self._id(topic)
            self._db.execute("BEGIN IMMEDIATE")
            try:
                first = self._end(number)
                self._db.executemany(
                    "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        (
                            number, first + i, r.key, r.value,
                            msgspec.msgpack.encode(r.headers) if r.headers else None,
                            now if r.timestamp_ms is None else r.timestamp_ms,
                        )
                        for i, r in enumerate(records)
                    ),
                )  # fmt: skip
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            return first

    def read(self, topic: str, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        found: list[Record] = []
        size = 0
        with self._lock:
            rows = self._db.execute(
                'SELECT "offset", key, value, headers, timestamp_ms FROM records'
                ' WHERE topic = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?',
                (self._id(topic), offset, max_records),
            )
            for at, key, value, headers, stamp in rows:
                size += len(key or b"") + len(value or b"")
                if found and size > max_bytes:
                    break
                decoded = tuple((k, v) for k, v in msgspec.msgpack.decode(headers)) if headers else ()
                found.append(Record(at, key, value, decoded, stamp))
        return found

    def first_offset(self, topic: str) -> int:
        with self._lock:
            query = 'SELECT min("offset") FROM records WHERE topic = ?'
            return int(self._db.execute(query, (self._id(topic),)).fetchone()[0] or 0)

    def end_offset(self, topic: str) -> int:
        with self._lock:
            return self._end(self._id(topic))

    def committed(self, group: str, topic: str) -> int | None:
        with self._lock:
            query = 'SELECT "offset" FROM committed WHERE "group" = ? AND topic = ?'
            row = self._db.execute(query, (group, topic)).fetchone()
            return None if row is None else int(row[0])

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT OR REPLACE INTO committed VALUES (?, ?, ?)",
                ((group, topic, offset) for topic, offset in offsets.items()),
            )
            self._db.execute("COMMIT")

    def changes(self) -> object:
        # data_version moves when another connection commits, total_changes when this one does.
        with self._lock:
            return self._db.execute("PRAGMA data_version").fetchone()[0], self._db.total_changes

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _end(self, number: int) -> int:
        query = 'SELECT max("offset") FROM records WHERE topic = ?'
        last = self._db.execute(query, (number,)).fetchone()[0]
        return 0 if last is None else int(last) + 1

    def _id(self, topic: str) -> int:
        number = self._ids.get(topic)
        if number is None:
            row = self._db.execute("SELECT id FROM topics WHERE name = ?", (topic,)).fetchone()
            if row is None:
                self._db.execute("INSERT OR IGNORE INTO topics (name) VALUES (?)", (topic,))
                row = self._db.execute("SELECT id FROM topics WHERE name = ?", (topic,)).fetchone()
            number = self._ids[topic] = int(row[0])
        return number
