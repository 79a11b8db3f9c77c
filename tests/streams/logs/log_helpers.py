"""What the tests of logs share."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zipfile_zstd  # noqa: F401  (teaches zipfile the method 93)

from evalstream.streams.logs.zip_index import ZipIndex

DATA = Path(__file__).parents[2] / "data" / "logs"
EVAL_LOGS = sorted(path.name for path in DATA.glob("*.eval"))

ZSTD = 93

MINIMAL = (
    b'{"version":2,"status":"success","eval":{"created":"2026-01-01T00:00:00+00:00","task":"t","dataset":{},'
    b'"model":"m","config":{}},"plan":{},"stats":{}}'
)
"""The smallest header that Inspect reads."""


@contextmanager
def opened(path: Path) -> Iterator[ZipIndex]:
    fd = os.open(path, os.O_RDONLY)
    try:
        yield ZipIndex(fd, path)
    finally:
        os.close(fd)


def members_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as made:
        return {name: made.read(name) for name in made.namelist()}


def whole_log(name: str) -> dict[str, Any]:
    """Return a `.eval` log as the object that a `.json` log is."""
    members = members_of(DATA / name)
    samples = [json.loads(text) for member, text in members.items() if member.startswith("samples/")]
    return {**json.loads(members["header.json"]), "samples": samples}


def zip_bytes(pairs: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, data in pairs:
            made.writestr(name, data)
    return buffer.getvalue()


def raw_zip(name: bytes, method: int, packed: bytes, data: bytes, declared: int | None = None) -> bytes:
    """Return a zip of one member, `data` compressed as `packed`; `declared` is the size that it claims."""
    size = len(data) if declared is None else declared
    fields = (20, 0, method, 0, 0, zlib.crc32(data), len(packed), size, len(name))
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", *fields, 0) + name + packed
    entry = struct.pack("<4sH5H3L5H2L", b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, 0, 0) + name
    return local + entry + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local), 0)
