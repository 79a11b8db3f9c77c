"""Durable topics for one machine: a folder with one SQLite database in WAL mode.

Several processes may append and read at the same time; SQLite's own locks order the writers. Which process runs the
agents is settled by `worker_lock`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from ..errors import BrokerError
from .record import NewRecord, Record

__all__ = ["SqliteStore"]

FORMAT = 1
APPLICATION = 0x45765374
"""Marks our databases in SQLite's own header field for that."""
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
        self._ids: dict[str, int] = {}
        # Two connections, each behind a lock: who reads does not wait for a write, which may wait for another process.
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._writes = self._connect()
            self._migrate()
            self._reads = self._connect()
        except (OSError, sqlite3.Error) as error:
            raise BrokerError(
                f"The embedded broker in {folder} cannot be opened: {error}."
                " Choose another folder with --broker embedded:///path, or remove this one to start anew."
            ) from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        # FULL: an acknowledged record survives a power cut; WAL's NORMAL would only survive a killed process.
        db.execute("PRAGMA synchronous = FULL")
        return db

    def _migrate(self) -> None:
        # In one transaction, or another process that makes the tables just now would be seen halfway.
        self._writes.execute("BEGIN")
        version = self._writes.execute("PRAGMA user_version").fetchone()[0]
        ours = self._writes.execute("PRAGMA application_id").fetchone()[0]
        tables = self._writes.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        self._writes.execute("COMMIT")
        if (version, ours) == (FORMAT, APPLICATION):
            return
        if ours != APPLICATION and tables:
            raise sqlite3.DatabaseError("topics.sqlite is a database of another program")
        if ours == APPLICATION:
            raise sqlite3.DatabaseError(f"its format is {version}, this version of evalstream reads {FORMAT}")
        self._into_wal()
        marks = f"PRAGMA user_version = {FORMAT}; PRAGMA application_id = {APPLICATION};"
        self._writes.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {marks} COMMIT;")

    def _into_wal(self) -> None:
        # SQLite does not wait here for another process that does the same, whatever the timeout.
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._writes.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; all or nothing of it.

        Raises
        ------
        BrokerError
            The disk is full, the folder is gone...
        """
        with self._write_lock:
            try:
                self._writes.execute("BEGIN IMMEDIATE")
                try:
                    yield self._writes
                    self._writes.execute("COMMIT")
                except BaseException:
                    self._ids.clear()  # a topic that was made in this transaction is gone
                    if self._writes.in_transaction:
                        self._writes.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self._broken(error, "written") from error

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._read_lock:
            try:
                yield self._reads
            except sqlite3.Error as error:
                raise self._broken(error, "read") from error

    def _broken(self, error: sqlite3.Error, done: str) -> BrokerError:
        text = f"The embedded broker's {self._path} cannot be {done}: {error}. Check the disk, and try again."
        return BrokerError(text)

    def create_topic(self, topic: str) -> None:
        with self._writing() as db:
            self._id(db, topic)

    def append(self, topic: str, records: Sequence[NewRecord]) -> int:
        now = int(time.time() * 1000)
        with self._writing() as db:
            number = self._id(db, topic)
            first = _end(db, number)
            db.executemany(
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
            return first

    def read(self, topic: str, offset: int, max_records: int, max_bytes: int) -> list[Record]:
        found: list[Record] = []
        size = 0
        with self._reading() as db, closing(db.cursor()) as rows:
            rows.execute(
                'SELECT "offset", key, value, headers, timestamp_ms FROM records'
                ' WHERE topic = (SELECT id FROM topics WHERE name = ?) AND "offset" >= ? ORDER BY "offset" LIMIT ?',
                (topic, offset, max_records),
            )
            for at, key, value, headers, stamp in rows:
                size += len(key or b"") + len(value or b"")
                if found and size > max_bytes:
                    break
                decoded = tuple((k, v) for k, v in msgspec.msgpack.decode(headers)) if headers else ()
                found.append(Record(at, key, value, decoded, stamp))
        return found

    def first_offset(self, topic: str) -> int:
        query = 'SELECT min("offset") FROM records WHERE topic = (SELECT id FROM topics WHERE name = ?)'
        with self._reading() as db:
            return int(db.execute(query, (topic,)).fetchone()[0] or 0)

    def end_offset(self, topic: str) -> int:
        query = 'SELECT max("offset") FROM records WHERE topic = (SELECT id FROM topics WHERE name = ?)'
        with self._reading() as db:
            last = db.execute(query, (topic,)).fetchone()[0]
            return 0 if last is None else int(last) + 1

    def committed(self, group: str, topic: str) -> int | None:
        query = 'SELECT "offset" FROM committed WHERE "group" = ? AND topic = ?'
        with self._reading() as db:
            row = db.execute(query, (group, topic)).fetchone()
            return None if row is None else int(row[0])

    def commit(self, group: str, offsets: Mapping[str, int]) -> None:
        with self._writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO committed VALUES (?, ?, ?)",
                ((group, topic, offset) for topic, offset in offsets.items()),
            )

    def changes(self) -> object:
        if not self._read_lock.acquire(blocking=False):
            return object()  # somebody reads just now: like nothing before, so the caller will look for itself
        try:
            # Moves when another connection commits, and this one never does.
            return self._reads.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise self._broken(error, "read") from error
        finally:
            self._read_lock.release()

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._reads.close()
            self._writes.close()

    def _id(self, db: sqlite3.Connection, topic: str) -> int:
        number = self._ids.get(topic)
        if number is None:
            db.execute("INSERT OR IGNORE INTO topics (name) VALUES (?)", (topic,))
            row = db.execute("SELECT id FROM topics WHERE name = ?", (topic,)).fetchone()
            number = self._ids[topic] = int(row[0])
        return number


def _end(db: sqlite3.Connection, number: int) -> int:
    last = db.execute('SELECT max("offset") FROM records WHERE topic = ?', (number,)).fetchone()[0]
    return 0 if last is None else int(last) + 1
