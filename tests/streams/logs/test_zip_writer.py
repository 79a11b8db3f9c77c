from __future__ import annotations

import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_helpers import opened

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs import zip_writer
from evalstream.streams.logs.atomic import AtomicFile
from evalstream.streams.logs.codec import DEFLATE, STORED, ZSTANDARD
from evalstream.streams.logs.spool import Spool
from evalstream.streams.logs.zip_writer import ZipWriter

METHODS = [STORED, DEFLATE, ZSTANDARD]


def write(path: Path, members, method=ZSTANDARD) -> str:
    with AtomicFile(path) as file:
        writer = ZipWriter(file, method)
        try:
            for name, data in members:
                writer.add(name, data)
            writer.finish()
        finally:
            writer.abort()
        return file.commit()


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    members=st.dictionaries(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=9),
        st.binary(max_size=99),
        max_size=9,
    ),
    method=st.sampled_from(METHODS),
)
def test_what_is_written_is_read(tmp_path, members, method):
    path = tmp_path / "made.zip"
    write(path, members.items(), method)
    with opened(path) as index:
        assert {index.name(i).decode(): index.read(i) for i in index.live()} == members
    with zipfile.ZipFile(path) as made:
        assert made.testzip() is None
        assert {name: made.read(name) for name in made.namelist()} == members


@pytest.mark.parametrize("method", METHODS)
def test_the_same_members_make_the_same_bytes(tmp_path, method, monkeypatch):
    members = [(f"samples/{i}.json", b'{"id": %d}' % i * (i % 97)) for i in range(2000)]
    first = write(tmp_path / "a", members, method)
    monkeypatch.setattr(zip_writer, "BATCH_BYTES", 7)  # how members are handed over leaves no trace
    assert write(tmp_path / "b", members, method) == first
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_order_of_the_calls_is_the_order_in_the_zip(tmp_path):
    with AtomicFile(tmp_path / "a") as file:
        writer = ZipWriter(file)
        writer.add("1", b"one" * 1000)
        spool = Spool(file.path, DEFLATE)
        spool.write(b"two")
        spool.finish()
        writer.add_spool("2", spool)
        writer.add("3", b"three")
        writer.finish()
        file.commit()
    with opened(tmp_path / "a") as index:
        assert [(index.name(i), index.read(i)[:5]) for i in index.live()] == [
            (b"1", b"oneon"),
            (b"2", b"two"),
            (b"3", b"three"),
        ]


def test_a_member_is_copied_still_compressed(tmp_path, logs):
    with opened(logs / "a_scored.eval") as old, AtomicFile(tmp_path / "a") as file:
        writer = ZipWriter(file)
        for i in old.live():
            writer.add_packed(old.name(i).decode(), old.packed(i))
        writer.finish()
        file.commit()
        with opened(tmp_path / "a") as new:
            assert [new.packed(i) for i in new.live()] == [old.packed(i) for i in old.live()]
            assert [new.read(i) for i in new.live()] == [old.read(i) for i in old.live()]


def test_more_members_than_16_bits_count(tmp_path):
    write(tmp_path / "a", ((str(i), b"") for i in range(66_000)))
    with zipfile.ZipFile(tmp_path / "a") as made:
        assert len(made.namelist()) == 66_000
        assert made.read("65999") == b""
    with opened(tmp_path / "a") as index:
        assert len(index) == 66_000


def test_zip64_is_used_where_32_bits_do_not_do(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_writer, "_MARK32", 1000)  # as if four gigabytes were a kilobyte
    packs = zip_writer._ENTRY.pack

    class Marked:
        size = zip_writer._ENTRY.size

        @staticmethod
        def pack(*fields):
            return packs(
                *fields[:10],
                *(0xFFFFFFFF if f == 1000 else f for f in fields[10:12]),
                *fields[12:18],
                0xFFFFFFFF if fields[18] == 1000 else fields[18],
            )

    monkeypatch.setattr(zip_writer, "_ENTRY", Marked)
    members = [("small", b"x"), ("large", b"y" * 5000), ("after", b"z" * 10)]
    with AtomicFile(tmp_path / "a") as file:
        writer = ZipWriter(file, STORED)
        for name, data in members:
            writer.add(name, data)
        writer.finish()
        file.commit()
    # The end record cannot be faked so easily; what our reader and zipfile make of the entries is what counts.
    raw = bytearray((tmp_path / "a").read_bytes())
    end = raw.rindex(b"PK\x05\x06")
    raw[end + 16 : end + 20] = b"\xff\xff\xff\xff"
    (tmp_path / "a").write_bytes(raw)
    with opened(tmp_path / "a") as index:
        assert [(index.name(i).decode(), index.read(i)) for i in index.live()] == members
    with zipfile.ZipFile(tmp_path / "a") as made:
        assert [(name, made.read(name)) for name in made.namelist()] == members


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.raises(LogWriteError, match="same name"):
        write(tmp_path / "a", [("x", b"1"), ("y", b"2"), ("x", b"3")])
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(LogWriteError, match="does not fit"):
        write(tmp_path / "a", [("x" * 70_000, b"1")])
    assert list(tmp_path.iterdir()) == []


def test_names_that_readers_would_trip_over_are_changed(tmp_path):
    write(tmp_path / "a", [("a\0b", b"1"), ("\ud800", b"2")])
    with zipfile.ZipFile(tmp_path / "a") as made:
        assert made.namelist() == ["a%00b", "\\ud800"]


def test_an_error_of_the_writing_thread_reaches_the_caller(tmp_path, monkeypatch):
    def fail(*_):
        raise LogWriteError(tmp_path / "a", OSError(28, "No space left on device"))

    with pytest.raises(LogWriteError, match="No space") as raised, AtomicFile(tmp_path / "a") as file:
        monkeypatch.setattr(file, "write", fail)
        writer = ZipWriter(file)
        for i in range(100):
            writer.add(str(i), bytes(1 << 18))
    assert raised.value.cause is not None
    assert list(tmp_path.iterdir()) == []


def test_unix_tools_accept_it(tmp_path):
    write(tmp_path / "a.zip", [("samples/ä.json", b"[1]"), ("b", b"2")], DEFLATE)
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-t", tmp_path / "a.zip"], check=False, capture_output=True, text=True
    )
    assert listed.returncode == 0
    assert "corrupted" not in listed.stdout


def test_memory_does_not_grow_with_what_is_in_flight(tmp_path):
    data = bytes(1 << 20)
    tracemalloc.start()
    try:
        write(tmp_path / "a", ((str(i), data[: (1 << 20) - i]) for i in range(100)), STORED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 25 << 20


def test_the_index_of_100_000_members_is_small(tmp_path):
    write(tmp_path / "a", ((f"samples/some-sample-{i}_epoch_1.json", b"") for i in range(100_000)), STORED)
    tracemalloc.start()
    try:
        with opened(tmp_path / "a") as index:
            size, peak = tracemalloc.get_traced_memory()
            assert len(index) == 100_000
    finally:
        tracemalloc.stop()
    assert size < 12 << 20
    assert peak < 14 << 20
