"""What names a record."""

from __future__ import annotations

import hashlib

import pytest

from evalstream.streams.dead_letters.letter import LARGE, UNSHARED, record_digest


@pytest.mark.parametrize("size", [0, 1, UNSHARED - 3, UNSHARED, 3 * UNSHARED + 5, LARGE - 3, LARGE, 2 * LARGE + 1])
def test_a_digest_is_of_the_whole_record_in_however_many_pieces_it_is_taken(size):
    value = bytes(range(256)) * (size // 256 + 1)
    assert record_digest(b"k", value[:size]) == hashlib.sha256(b"k\0" + value[:size]).hexdigest()[:32]
