"""Both stores keep the contract; the durable one keeps it across processes that are killed."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from store_checks import ALL, CHECKS, assert_each_batch_is_together, read_all, values

from evalstream.streams.errors import BrokerError
from evalstream.streams.transport.memory_store import SPOOL_BYTES, MemoryStore
from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.transport.store import TopicStore


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_store(store: TopicStore, check: Callable[[TopicStore], None]):
    check(store)


def test_a_memory_topic_beyond_the_spool_reads_the_same():
    store = MemoryStore()
    chunk = b"x" * (SPOOL_BYTES // 4)
    for i in range(8):
        store.append("a", values(b"%d" % i + chunk))
        assert [r.value for r in store.read("a", i, 1, ALL)] == [b"%d" % i + chunk]
    assert len(read_all(store, "a")) == 8
    store.close()


def test_records_and_commits_are_there_when_opened_again(open_sqlite):
    first = open_sqlite()
    first.append("a", [NewRecord(b"k", b"v", (("h", b"1"),), 5)])
    first.commit("g", {"a": 1})
    first.close()
    again = open_sqlite()
    assert again.read("a", 0, ALL, ALL)[0].headers == (("h", b"1"),)
    assert again.committed("g", "a") == 1
    assert again.append("a", values(b"next")) == 1


def test_two_processes_see_what_the_other_appends(open_sqlite):
    one, other = open_sqlite(), open_sqlite()
    before = other.changes()
    one.append("a", values(b"1"))
    assert other.changes() != before
    assert read_all(other, "a") == [b"1"]
    assert other.append("a", values(b"2")) == 1


def test_appends_of_several_processes_keep_each_batch_together(open_sqlite, start_python):
    code = """
store = SqliteStore(folder)
for batch in range(30):
    store.append("a", [NewRecord(b"k", b"%d %d %d" % ({name}, batch, i)) for i in range(4)])
"""
    children = [start_python(code.format(name=name)) for name in range(4)]
    assert [child.wait(60) for child in children] == [0] * 4
    assert_each_batch_is_together(open_sqlite(), 4, 30, 4)


def test_what_append_returned_for_survives_sigkill(open_sqlite, start_python):
    child = start_python("""
store = SqliteStore(folder)
for i in range(100_000):
    print(store.append("a", [NewRecord(b"k", b"%d" % i)]), flush=True)
""")
    confirmed = [int(child.stdout.readline()) for _ in range(50)]
    child.send_signal(signal.SIGKILL)
    confirmed += [int(line) for line in child.stdout.read().split()]
    child.wait()
    found = read_all(open_sqlite(), "a")
    assert found[: len(confirmed)] == [b"%d" % i for i in confirmed]
    assert len(found) - len(confirmed) in (0, 1)


def test_a_half_written_batch_is_gone_after_sigkill(open_sqlite, start_python):
    child = start_python("""
store = SqliteStore(folder)
store.append("a", [NewRecord(b"k", b"whole")])

def dying():
    for i in range(2000):
        yield NewRecord(b"k", b"x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)

class Records(list):
    __iter__ = lambda self: dying()

store.append("a", Records())
""")
    assert child.wait(30) == -signal.SIGKILL
    store = open_sqlite()
    assert read_all(store, "a") == [b"whole"]
    assert store.append("a", values(b"next")) == 1


def test_a_reader_does_not_wait_for_a_writer_that_waits_for_another_process(open_sqlite):
    store = open_sqlite()
    store.append("a", values(b"1"))
    other = open_sqlite()
    with other._writing():
        writer = threading.Thread(target=store.append, args=("a", values(b"2")))
        writer.start()
        while not store._write_lock.locked():
            pass
        assert read_all(store, "a") == [b"1"]
        assert store.end_offset("a") == 1
    writer.join()
    assert read_all(store, "a") == [b"1", b"2"]


def test_many_processes_may_open_a_new_folder_at_once(open_sqlite, start_python):
    code = """
sys.stdin.readline()
SqliteStore(folder).append("a", [NewRecord(b"k", b"v")])
"""
    children = [start_python(code) for _ in range(6)]
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [child.wait(60) for child in children] == [0] * 6
    assert open_sqlite().end_offset("a") == 6


@pytest.mark.parametrize("statement", ["PRAGMA user_version = 99", "PRAGMA application_id = 7"])
def test_a_database_of_another_format_is_refused_and_left_alone(tmp_path: Path, statement: str):
    SqliteStore(tmp_path).close()
    path = tmp_path / "topics.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    before = path.read_bytes()
    with pytest.raises(BrokerError, match="cannot be opened"):
        SqliteStore(tmp_path)
    assert path.read_bytes() == before


def test_somebody_elses_database_is_refused(tmp_path: Path):
    with sqlite3.connect(tmp_path / "topics.sqlite") as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    with pytest.raises(BrokerError, match="another program"):
        SqliteStore(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path):
    (tmp_path / "topics.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(BrokerError, match="--broker embedded"):
        SqliteStore(tmp_path)


def test_an_append_that_the_disk_refuses_is_a_broker_error(open_sqlite):
    store = open_sqlite()
    store.append("a", values(b"1"))
    pages = store._writes.execute("PRAGMA page_count").fetchone()[0]
    store._writes.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(BrokerError, match="full"):
        store.append("a", values(b"x" * 1_000_000))
    store._writes.execute("PRAGMA max_page_count = 1000000")
    assert store.append("a", values(b"2")) == 1
