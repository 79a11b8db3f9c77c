"""Decompressing many members at once gives what decompressing each gives, and survives what a hostile file may hold."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from evalstream.streams.logs import codec
from evalstream.streams.logs.codec import ZSTANDARD, CodecError, compress_many, decompress, decompress_many

texts = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=6)


def streamed(data: bytes) -> bytes:
    """Compress as Inspect does: the frame does not tell its size."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(data) + stream.flush()


@given(texts, st.booleans())
def test_many_at_once_are_what_each_is(members, told):
    packed = compress_many(ZSTANDARD)(members) if told else [streamed(data) for data in members]
    assert decompress_many(packed, [len(data) for data in members]) == members


@given(texts, st.data())
def test_damage_is_noticed_or_harmless(members, data):
    packed = [streamed(member) for member in members]
    victim = data.draw(st.integers(0, len(packed) - 1))
    at = data.draw(st.integers(0, len(packed[victim]) - 1))
    packed[victim] = packed[victim][:at] + data.draw(st.binary(max_size=4)) + packed[victim][at + 1 :]
    sizes = [len(member) for member in members]
    made = decompress_many(packed, sizes)
    if made is None:
        return
    for part, size, text in zip(packed, sizes, made, strict=True):
        try:
            assert decompress(ZSTANDARD, part, size) == text
        except CodecError:
            assert len(text) == size  # junk behind the frame: the member's checksum decides


@pytest.mark.parametrize(
    ("members", "sizes"),
    [([], []), ([b""], [0]), ([b"", b""], [0, 0]), ([streamed(b"")], [0]), ([streamed(b"abc")], [2**64 - 1]),
     ([streamed(b"abc")] * 2, [2**63] * 2), ([streamed(b"abc")], [codec.MOST_AT_ONCE + 1]), ([streamed(b"abc")], [2])],
)  # fmt: skip
def test_sizes_that_would_end_the_process_are_not_tried(members, sizes):
    assert decompress_many(members, sizes) is None
