from __future__ import annotations

import os
import struct
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from log_helpers import ZSTD, opened, raw_zip

from evalstream.streams.errors import DamagedLogError, LogError, NotALogError
from evalstream.streams.logs import zip_index


def patched(path: Path, signature: bytes, offset: int, data: bytes) -> None:
    """Overwrite bytes of the last record of a kind, counted from its signature."""
    raw = bytearray(path.read_bytes())
    at = raw.rindex(signature) + offset
    raw[at : at + len(data)] = data
    path.write_bytes(raw)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD])
def test_members_are_read_whatever_their_method(make_zip, method):
    members = {"a.json": b"[1]", "empty": b"", "long": bytes(range(256)) * 5000}
    with opened(make_zip(members, method)) as index:
        for name, data in members.items():
            i = index.find(name)
            assert index.read(i) == data
            assert b"".join(index.stream(i)) == data
            assert index.size(i) == len(data)
        assert index.find("missing") is None


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pairs=st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9),
            st.binary(max_size=99),
        ),
        max_size=9,
    ),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD]),
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_it_reads_what_zipfile_writes(make_zip, pairs, method):
    with opened(make_zip(pairs, method)) as index:
        assert {index.name(i).decode(): index.read(i) for i in index.live()} == dict(pairs)
        for name, data in dict(pairs).items():
            assert index.read(index.find(name)) == data


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_repeated_name_the_last_entry_counts(make_zip):
    with opened(make_zip([("a", b"1"), ("b", b"2"), ("a", b"3")])) as index:
        assert len(index) == 3
        assert [(index.name(i), index.read(i)) for i in index.live()] == [(b"b", b"2"), (b"a", b"3")]
        assert index.read(index.find("a")) == b"3"


def test_text_in_front_of_the_zip_is_skipped(make_zip):
    path = make_zip({"a": b"1", "b": b"22"})
    path.write_bytes(b"#!/bin/sh\n" + path.read_bytes())
    with opened(path) as index:
        assert index.read(index.find("b")) == b"22"


def test_a_comment_at_the_end_is_skipped(tmp_path):
    path = tmp_path / "commented.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a", b"1")
        made.comment = b"PK\x05\x06 is not the end " * 9
    with opened(path) as index:
        assert index.read(0) == b"1"


def test_zip64_fields_are_understood(tmp_path):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as made, made.open("a", "w", force_zip64=True) as member:
        member.write(b"hello")
    with opened(path) as index:
        assert index.read(0) == b"hello"


def test_more_members_than_16_bits_count(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as made:
        for i in range(66_000):
            made.writestr(zipfile.ZipInfo(str(i)), b"")
    with opened(path) as index:
        assert len(index) == 66_000
        assert index.name(index.find("65999")) == b"65999"


def test_zstandard_in_several_frames_and_without_sizes(tmp_path):
    parts = [b"first " * 100, b"second " * 100]
    frames = b""
    for part in parts:
        stream = zstandard.ZstdCompressor().compressobj()
        frames += stream.compress(part) + stream.flush()
    path = tmp_path / "frames.zip"
    path.write_bytes(raw_zip(b"a", ZSTD, frames, b"".join(parts)))
    with opened(path) as index:
        assert index.read(0) == b"".join(parts)
        assert b"".join(index.stream(0)) == b"".join(parts)


def test_an_empty_member_needs_no_frame(tmp_path):
    path = tmp_path / "empty.zip"
    path.write_bytes(raw_zip(b"a", ZSTD, b"", b""))
    with opened(path) as index:
        assert index.read(0) == b"".join(index.stream(0)) == b""


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        (8, zlib.compress(bytes(10_000_000), 9)[2:-4]),
        (ZSTD, zstandard.ZstdCompressor().compress(bytes(10_000_000))),
        (ZSTD, zstandard.ZstdCompressor(write_content_size=False).compress(bytes(10_000_000))),
    ],
)
def test_no_more_is_decompressed_than_is_declared(tmp_path, method, packed):
    path = tmp_path / "bomb.zip"
    path.write_bytes(raw_zip(b"bomb", method, packed, b"x", declared=1000))
    with opened(path) as index:
        with pytest.raises(DamagedLogError, match=r"more than 1000 bytes|full frame"):
            index.read(0)
        with pytest.raises(DamagedLogError, match=r"more than 1000 bytes|full frame"):
            assert sum(map(len, index.stream(0))) < 1000


@pytest.mark.parametrize("declared", [zip_index.MAX_MEMBER + 1, zip_index.SUSPECT_SIZE + 1])
def test_a_member_that_declares_too_much_is_refused_untried(tmp_path, declared):
    path = tmp_path / "bomb.zip"
    path.write_bytes(raw_zip(b"bomb", 8, b"\x03\0", b"", declared=declared))
    with opened(path) as index, pytest.raises(DamagedLogError, match="refused"):
        index.read(0)


def test_a_wrong_checksum_is_noticed(make_zip):
    path = make_zip({"samples/1_epoch_1.json": b"[1]"})
    patched(path, b"PK\x01\x02", 16, b"\0\0\0\0")
    with opened(path) as index:
        with pytest.raises(DamagedLogError, match="checksum") as raised:
            index.read(0)
        assert raised.value.member == "samples/1_epoch_1.json"
        with pytest.raises(DamagedLogError, match="checksum"):
            list(index.stream(0))


@pytest.mark.parametrize(
    ("offset", "data", "message"),
    [
        (8, b"\1\0", "encrypted"),
        (10, b"\x0e\0", "method 14"),
        (42, b"\1\0\0\0", "not where the directory says"),
        (42, b"\0\0\0\x10", "outside the file"),
        (20, b"\xff\xff\0\0", "outside the file"),
        (24, b"\7\0\0\0", "where 7 are declared"),
    ],
)
def test_a_directory_that_lies_is_noticed(make_zip, offset, data, message):
    path = make_zip({"a": b"[1]" * 9})
    patched(path, b"PK\x01\x02", offset, data)
    with opened(path) as index:
        with pytest.raises(DamagedLogError, match=message):
            index.read(0)
        with pytest.raises(DamagedLogError, match=message):
            list(index.stream(0))


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, ZSTD])
def test_flipped_bits_in_the_data_are_noticed(make_zip, method):
    path = make_zip({"a": os.urandom(2000)}, method)
    raw = bytearray(path.read_bytes())
    for at in range(40, 2000, 97):
        flipped = raw.copy()
        flipped[at] ^= 0x55
        path.write_bytes(flipped)
        with opened(path) as index:
            with pytest.raises(DamagedLogError):
                index.read(0)
            with pytest.raises(DamagedLogError):
                list(index.stream(0))


def test_a_zip_cut_anywhere_is_refused(make_zip):
    path = make_zip({f"{i}.json": b"[%d]" % i for i in range(5)})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(LogError), opened(path):
            pass


def test_what_is_no_zip_is_told_apart_from_one_that_was_cut(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"hello" * 100)
    with pytest.raises(NotALogError, match="not a zip"), opened(path):
        pass
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(DamagedLogError, match="cut short"), opened(path):
        pass


@pytest.mark.parametrize(
    ("signature", "offset", "data"),
    [
        (b"PK\x05\x06", 10, b"\x09\0"),  # the count
        (b"PK\x05\x06", 16, b"\xff\0\0\0"),  # where the directory begins
        (b"PK\x05\x06", 12, b"\x05\0\0\0"),  # how long it is
        (b"PK\x01\x02", 0, b"PKxx"),
        (b"PK\x01\x02", 28, b"\xff\xff"),  # how long the name is
    ],
)
def test_a_broken_directory_is_refused(make_zip, signature, offset, data):
    path = make_zip({"a": b"1", "b": b"2"})
    patched(path, signature, offset, data)
    with pytest.raises(DamagedLogError), opened(path):
        pass


def test_a_zip_on_several_disks_is_refused(make_zip):
    path = make_zip({"a": b"1"})
    patched(path, b"PK\x05\x06", 4, b"\1\0")
    with pytest.raises(NotALogError, match="several disks"), opened(path):
        pass


def test_a_missing_zip64_record_is_noticed(make_zip):
    path = make_zip({"a": b"1"})
    raw = path.read_bytes()
    at = raw.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, 1 << 40, 1)
    path.write_bytes(raw[:at] + locator + raw[at:])
    patched(path, b"PK\x05\x06", 10, b"\xff\xff")
    with pytest.raises(DamagedLogError, match="zip64"), opened(path):
        pass


def test_many_threads_read_at_once(make_zip):
    members = {str(i): os.urandom(50) * (i + 1) for i in range(200)}
    with opened(make_zip(members, ZSTD)) as index, ThreadPoolExecutor(8) as threads:
        read = list(threads.map(lambda i: index.read(i % len(index)), range(1000)))
    assert read == [members[str(i % 200)] for i in range(1000)]


def test_names_of_old_zips_are_in_code_page_437(tmp_path):
    path = tmp_path / "old.zip"
    path.write_bytes(raw_zip("é".encode("cp437"), 0, b"1", b"1"))
    with opened(path) as index:
        assert index.read(index.find("é")) == b"1"


def test_long_extra_fields_are_skipped(tmp_path):
    path = tmp_path / "extra.zip"
    with zipfile.ZipFile(path, "w") as made:
        info = zipfile.ZipInfo("a")
        info.extra = struct.pack("<HH", 0x9999, 200) + bytes(200)
        made.writestr(info, b"hello" * 99)
    with opened(path) as index:
        assert index.read(0) == b"".join(index.stream(0)) == b"hello" * 99
