"""A log that was damaged, or made to do harm, gives one message of the errors tree, or is read."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import zipfile_zstd  # noqa: F401  (teaches zipfile the method 93)
from hypothesis import strategies as st
from mutations import damaged, disturbed, for_all, nasty, printed
from test_worker_goes_on import TIME, sample

from evalstream.streams.errors import LogError
from evalstream.streams.logs.source import cut_sample, open_log

SHORT, LONG = 250, 10_000

pytestmark = pytest.mark.filterwarnings("ignore:Duplicate name")

HEADER = {
    "version": 2, "status": "success", "plan": {}, "stats": {},
    "eval": {"eval_id": "e", "run_id": "r", "created": TIME, "task": "t", "task_id": "i", "model": "m", "config": {},
             "dataset": {"sample_ids": [1, 2]}, "scorers": [{"name": "match", "options": {}}]},
}  # fmt: skip
SAMPLES = [sample(1), sample(2)]
REDUCTIONS = [{"scorer": "match", "samples": [{"value": 1.0, "sample_id": 1}]}]
LOG = {**HEADER, "samples": SAMPLES, "reductions": REDUCTIONS}

NAMES = ["../../x", "/etc/passwd", "..\\x", "a\0b", "samples/../../x_epoch_1.json", "samples/1_epoch_1.json",
         "header.json",
         "samples/_epoch_1.json", f"samples/1_epoch_{'9' * 5000}.json", "samples/x.json",
         "samples/1_epoch_1/sample.json",
         "x" * 60_000, "\u00e9", "", "/", "_journal/start.json", "reductions.json"]  # fmt: skip


def zipped(members: list[tuple[str, bytes]], method: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as log:
        for name, data in members:
            log.writestr(zipfile.ZipInfo(name or "x"), data, method)
    return made.getvalue()


def members_of(log: dict[str, Any]) -> list[tuple[str, bytes]]:
    parts = [(f"samples/{i}_epoch_1.json", part) for i, part in enumerate(log.get("samples") or [], 1)]
    header = {key: value for key, value in log.items() if key not in ("samples", "reductions")}
    return [
        *((name, printed(part)) for name, part in parts),
        ("header.json", printed(header)),
        ("reductions.json", printed(log.get("reductions"))),
    ]


_methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, 93])
_whole = st.builds(zipped, st.just(members_of(LOG)), _methods)


def _is_log(log: Any) -> bool:
    return isinstance(log, dict) and isinstance(log.get("samples"), list | type(None))


_evals_of_odd_parts = st.builds(zipped, disturbed([LOG]).filter(_is_log).map(members_of), _methods)
_evals_of_odd_names = st.builds(
    lambda more, method: zipped([*members_of(LOG), *more], method),
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.sampled_from([b"", b"{}", printed(SAMPLES[0]), b"\xff"])), max_size=4
    ),
    _methods,
)

_RECORDS = {b"PK\x01\x02": 46, b"PK\x03\x04": 30, b"PK\x05\x06": 22, b"PK\x06\x06": 56, b"PK\x06\x07": 20}
_EXTREME = [0, 1, 2**16 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]


@st.composite
def _evals_that_lie(draw: st.DrawFn) -> bytes:
    """Change fields of a zip's records: sizes, offsets, counts, flags, methods, lengths, with and without zip64."""
    data = bytearray(draw(_whole))
    if draw(st.booleans()):
        data = bytearray(_with_zip64(bytes(data), [draw(st.sampled_from(_EXTREME)) for _ in range(4)]))
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from([mark for mark in _RECORDS if mark in data]))
        record = draw(st.sampled_from([found.start() for found in re.finditer(re.escape(kind), bytes(data))]))
        at, width = record + draw(st.integers(4, _RECORDS[kind] - 1)), draw(st.sampled_from([1, 2, 4, 8]))
        value = draw(st.sampled_from(_EXTREME) | st.integers(0, 2**64 - 1)) & ((1 << 8 * width) - 1)
        data[at : at + width] = value.to_bytes(width, "little")
    return bytes(data)


def _with_zip64(data: bytes, wide: list[int]) -> bytes:
    """Give the zip an end record of zip64, and its first entry fields of 64 bits, that say what they like."""
    count, length, start = struct.unpack_from("<H2L", data, len(data) - 12)
    extra = struct.pack("<2H3Q", 1, 24, *wide[:3])
    entry = bytearray(data[start : start + length])
    name_length = struct.unpack_from("<H", entry, 28)[0]
    struct.pack_into("<2L", entry, 20, 2**32 - 1, 2**32 - 1)
    struct.pack_into("<H", entry, 30, len(extra))
    struct.pack_into("<L", entry, 42, 2**32 - 1)
    entry[46 + name_length : 46 + name_length] = extra
    end = start + len(entry)
    return (
        data[:start] + bytes(entry)
        + struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(entry), start)
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, end if wide[3] else wide[3], 1)
        + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    )  # fmt: skip


_jsons = (
    disturbed([LOG]).map(printed)
    | damaged(st.sampled_from([printed(LOG), json.dumps(LOG, indent=2).encode()]))
    | nasty.map(printed)
    | st.binary(max_size=100).map(lambda data: b"{" + data)
)
LOGS = {
    "eval, any bytes": damaged(_whole),
    "eval, lies": _evals_that_lie(),
    "eval, odd parts": _evals_of_odd_parts,
    "eval, odd names": _evals_of_odd_names,
    "json": _jsons,
}


def read(data: bytes) -> None:
    """Read all that there is of a log, as scoring it does."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(data)
        try:
            log = open_log(path)
        except LogError as error:
            assert str(error)
            return
        with log:
            for part in (lambda: list(log.keys()), lambda: log.start, lambda: b"".join(log.reductions() or ()),
                         log.extra_members):  # fmt: skip
                _or_refused(part)
            for i in range(log.sample_count):
                _or_refused(lambda: cut_sample(log, i))  # noqa: B023 (called at once)
                _or_refused(lambda: log.read_samples(i))  # noqa: B023
                assert log.sample_name(i)


def _or_refused(part: Any) -> None:
    try:
        part()
    except LogError as error:
        assert str(error)


@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_read_or_refused(name: str):
    for_all(LOGS[name], read, SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("name", LOGS)
def test_a_log_is_read_or_refused_for_long(name: str):
    for_all(LOGS[name], read, LONG, fresh=True)


def test_an_offset_beyond_all_files_and_an_epoch_of_5000_digits_are_refused():
    read(_with_zip64(zipped(members_of(LOG), zipfile.ZIP_STORED), [2**64 - 1, 2**64 - 1, 2**64 - 1, 1]))
    read(b"#!" + _with_zip64(zipped(members_of(LOG), zipfile.ZIP_STORED), [5, 5, 2**64 - 1, 1]))
    read(zipped([*members_of(LOG), (NAMES[8], b"{}")], zipfile.ZIP_STORED))
