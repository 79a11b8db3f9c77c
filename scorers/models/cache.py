"""The judge cache: answers on disk, shared by all processes of a machine.

One table in SQLite. A row without an answer is a *lease*: somebody asks just now, and whoever wants the same waits for
it. A lease ends when its owner keeps an answer or gives up, and expires if the owner has died.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import threading
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import sqlite3

__all__ = ["Asked", "JudgeCache"]

logger = logging.getLogger(__name__)

T = TypeVar("T")

LEASE_SECONDS = 30.0
"""So long a dead owner holds up the others. One that lives renews its lease three times as often."""

FIRST_LOOK, LONGEST_LOOK = 0.02, 0.5
"""Seconds between two looks at whether somebody else's answer has come."""

BUSY_SECONDS = 30.0
"""So long a process waits for another one's write."""

_TABLE = """
create table if not exists answers (
    key text primary key, answer blob, owner text, expires real not null default 0, made real not null
) without rowid
"""


class _NoPlaceError(OSError):
    """There can be no file where the cache was to be."""


class Asked:
    """A question that was looked up: ``answer`` if it is there, else it is ours to ask, and to `keep`."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.answer = answer
        self.kept: bytes | None = None

    def keep(self, answer: bytes) -> None:
        """Note the answer for everybody; it is written when the question is left."""
        self.kept = answer


class JudgeCache:
    """Answers of judges by key.

    Parameters
    ----------
    path
        The SQLite file; made, with its folder, when the first question is asked. Only its owner may read it. Where
        there can be none, nothing is kept.

    Examples
    --------
    >>> import tempfile
    >>> async def ask(cache):
    ...     async with cache.ask("a key") as asked:
    ...         if asked.answer is None:
    ...             asked.keep(b"an answer")
    ...         return asked.answer
    >>> async def twice(folder):
    ...     cache = JudgeCache(Path(folder) / "judges.sqlite")
    ...     answers = await ask(cache), await ask(cache)
    ...     cache.close()
    ...     return answers
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(twice(folder))
    (None, b'an answer')
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._owner = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._connection: sqlite3.Connection | None = None
        self._placeless = False

    @asynccontextmanager
    async def ask(self, key: str) -> AsyncIterator[Asked]:
        """Look a question up, and hold its lease while it is asked.

        If somebody else asks the same, this waits until there is an answer or that one has given up.

        Raises
        ------
        OSError
            The file is no cache, or damaged. One that cannot be made or written to is complained of in the log.
        """
        if self._placeless:
            yield Asked()
            return
        pause = FIRST_LOOK
        lease = f"{self._owner}-{uuid.uuid4().hex}"
        try:
            while (asked := await self._call(lambda: self._look(key, lease))) is None:
                await asyncio.sleep(random.uniform(pause / 2, pause))
                pause = min(2 * pause, LONGEST_LOOK)
        except _NoPlaceError as error:
            asked, self._placeless = Asked(), True
            logger.warning("no answers of judges are kept: %s", error)
        except asyncio.CancelledError:
            self._submit(lambda: self._end(key, lease, None))  # it may have been taken all the same
            raise
        if asked.answer is not None or self._placeless:
            yield asked
            return
        renewing = asyncio.create_task(self._renew(key, lease))
        try:
            yield asked
        finally:
            renewing.cancel()
            # Not awaited in full if we are being cancelled; the thread writes it nevertheless.
            written = self._submit(lambda: self._end(key, lease, asked.kept))
            try:
                await asyncio.wrap_future(written)
            except OSError as error:
                # There is an answer, and it is paid for: a full disk should not take it away.
                logger.warning("%s", error)

    async def _renew(self, key: str, lease: str) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with contextlib.suppress(OSError):
                await self._call(lambda: self._extend(key, lease))

    async def _call(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        # All of SQLite on one thread: calls come from any event loop, and must not block it.
        with self._lock:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="evalstream-judge-cache")
            return self._thread.submit(self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        import sqlite3  # noqa: PLC0415 - scorers without a model need no cache

        try:
            return work()
        except sqlite3.Error as error:
            said = str(error).rstrip(".")
            raise OSError(f"{self.path}: the judge cache cannot be used: {said}. Delete it, or go without.") from error

    def _look(self, key: str, lease: str) -> Asked | None:
        """Return the answer, or take the lease; None while somebody else has it."""
        connection = self._open()
        row = connection.execute("select answer from answers where key = ? and answer is not null", (key,)).fetchone()
        if row is not None:
            return Asked(row[0])
        now = time.time()
        with self._writing(connection):
            row = connection.execute("select answer, expires from answers where key = ?", (key,)).fetchone()
            if row is not None and row[0] is not None:
                return Asked(row[0])
            # Clocks may be set: a lease that ends later than any could is none.
            if row is not None and now < row[1] <= now + 2 * LEASE_SECONDS:
                return None
            connection.execute(
                "insert or replace into answers (key, owner, expires, made) values (?, ?, ?, ?)",
                (key, lease, now + LEASE_SECONDS, now),
            )
        return Asked()

    def _extend(self, key: str, lease: str) -> None:
        connection = self._open()
        with self._writing(connection):
            connection.execute(
                "update answers set expires = ? where key = ? and owner = ? and answer is null",
                (time.time() + LEASE_SECONDS, key, lease),
            )

    def _end(self, key: str, lease: str, answer: bytes | None) -> None:
        connection = self._open()
        with self._writing(connection):
            if answer is None:
                connection.execute("delete from answers where key = ? and owner = ? and answer is null", (key, lease))
            else:
                # Even if the lease has expired meanwhile: the first answer stays, so that all see the same.
                connection.execute(
                    "insert into answers (key, answer, made) values (?, ?, ?) on conflict (key) do update"
                    " set answer = excluded.answer, owner = null, expires = 0 where answer is null",
                    (key, answer, time.time()),
                )

    @contextlib.contextmanager
    def _writing(self, connection: sqlite3.Connection) -> Iterator[None]:
        connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            import sqlite3  # noqa: PLC0415 - as above

            try:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                # A read-only file system, say: grading goes on without.
                raise _NoPlaceError(f"{self.path}: {error.strerror or error}") from error
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute(_TABLE)
            self._connection = connection
        return self._connection

    def close(self) -> None:
        """Write what is under way and close the file; the next question opens it again."""
        # The lock is held to the end: who asks meanwhile would find a connection that is just being closed.
        with self._lock:
            if self._thread is None:
                return
            self._thread.submit(self._shut)
            self._thread.shutdown(wait=True)
            self._thread = None

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
