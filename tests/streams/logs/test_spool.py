from __future__ import annotations

import os
import tempfile

import pytest

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs.codec import DEFLATE, STORED, ZSTANDARD
from evalstream.streams.logs.reductions import array_body
from evalstream.streams.logs.spool import Spool


@pytest.mark.parametrize("method", [STORED, DEFLATE, ZSTANDARD])
@pytest.mark.parametrize("pieces", [[], [b""], [b"one"], [b"x" * 70_000, b"", b"y", b"z" * 200_000]])
def test_what_is_spooled_is_read(tmp_path, method, pieces):
    spool = Spool(tmp_path / "log", method)
    for piece in pieces:
        spool.write(piece)
    spool.finish()
    assert b"".join(spool.read()) == b"".join(pieces)
    assert sum(map(len, spool.packed())) == spool.packed_size
    assert spool.size == sum(map(len, pieces))
    spool.close()
    spool.close()


def test_the_file_has_no_name(tmp_path):
    spool = Spool(tmp_path / "log", STORED)
    spool.write(b"x" * 100_000)
    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_a_full_disk_is_explained(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    with pytest.raises(LogWriteError, match="Free some space"):
        Spool(tmp_path / "log", STORED).write(b"x" * 100_000)


@pytest.mark.parametrize(
    "text", [b"[]", b" [ ] ", b"null", b"", b"[1]", b'["]"]', b"[[[]],[]]", b'[ {"a":"]"} ,\n 2 ]\n']
)
def test_the_inside_of_an_array_is_found_however_it_is_cut(text):
    inside = text.strip()[1:-1].strip() if text.strip().startswith(b"[") else b""
    for size in range(1, len(text) + 2):
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        found = list(array_body(pieces))
        assert b"".join(found).strip() == inside
        assert all(found)  # an empty array yields nothing: a comma stands behind whatever is yielded
