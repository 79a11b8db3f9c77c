"""Fixtures: stores of each kind, and child processes that write to one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalstream.streams.transport.memory_store import MemoryStore
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.transport.store import TopicStore

STORES = ("memory", "sqlite")

OpenSqlite = Callable[[], SqliteStore]
StartPython = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def open_sqlite(tmp_path: Path) -> Iterator[OpenSqlite]:
    """Return a function that opens one and the same broker folder, each time as another process would."""
    opened: list[SqliteStore] = []

    def open_it() -> SqliteStore:
        opened.append(SqliteStore(tmp_path / "broker"))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[TopicStore]:
    if request.param == "sqlite":
        yield request.getfixturevalue("open_sqlite")()
        return
    made = MemoryStore()
    yield made
    made.close()


@pytest.fixture
def start_python(tmp_path: Path) -> Iterator[StartPython]:
    """Return a function that runs Python code in another process; ``folder`` in it is the broker's."""
    children: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        prelude = (
            "import os, signal, sys, time\nfrom pathlib import Path\n"
            "from evalstream.streams.transport.sqlite_store import SqliteStore\n"
            "from evalstream.streams.transport.record import NewRecord\n"
            f"folder = Path({str(tmp_path / 'broker')!r})\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-c", prelude + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()
