"""The compression methods of a log's members: stored, deflate, and zstandard as Inspect writes it today.

Decompressing never makes more bytes than the directory declared, so that a small file cannot fill the memory.
"""

from __future__ import annotations

import io
import threading
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, Protocol, cast

import zstandard

__all__ = [
    "DEFLATE",
    "STORED",
    "ZSTANDARD",
    "CodecError",
    "Compressor",
    "Method",
    "compressor",
    "decompress",
    "decompress_many",
    "inflate",
]

Method = Literal[0, 8, 93]

STORED: Method = 0
DEFLATE: Method = 8
ZSTANDARD: Method = 93

ZSTD_LEVEL = 3  # what Inspect uses; higher levels cost more time than they save bytes on samples of some kB
DEFLATE_LEVEL = 6
MOST_AT_ONCE = 1 << 24
"""Bytes of a member that is decompressed together with others."""

_PIECE = 1 << 18

_local = threading.local()


class CodecError(ValueError):
    """The bytes cannot be decompressed to what was declared; the message says why."""


class Compressor(Protocol):
    """Compresses a stream piece by piece."""

    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


class _Stored:
    def compress(self, data: bytes, /) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


def compressor(method: Method) -> Compressor:
    """Make a compressor for one stream of unknown length."""
    if method == DEFLATE:
        return zlib.compressobj(DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    if method == ZSTANDARD:
        # Without a word about the size it would take 4 MB, for a stream that may be one of dozens.
        small = zstandard.ZstdCompressionParameters.from_level(ZSTD_LEVEL, source_size=_PIECE)
        return cast(Compressor, zstandard.ZstdCompressor(compression_params=small).compressobj())
    return _Stored()


def compress_many(method: Method) -> Callable[[list[bytes]], list[bytes]]:
    """Make a function that compresses many members at once, each for itself (not for several threads at once).

    Examples
    --------
    >>> compress_many(STORED)([b"a", b"b"])
    [b'a', b'b']
    """
    if method == STORED:
        return list
    if method == DEFLATE:
        return lambda members: [_deflate(data) for data in members]
    zstd = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    # One call without the interpreter's lock; going back for the lock after each member would double the wall time.
    # PyPy's build of the library lacks it. The bytes are the same.
    at_once = getattr(zstd, "multi_compress_to_buffer", None)

    def compress(members: list[bytes]) -> list[bytes]:
        if at_once is None or not any(members):  # it refuses a batch of nothing but empty members
            return [zstd.compress(data) for data in members]
        return [bytes(part) for part in at_once(members, threads=1)]

    return compress


def _deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


def decompress(method: int, data: bytes, size: int) -> bytes:
    """Decompress one member of `size` bytes.

    Raises
    ------
    CodecError
        The data is damaged, or does not make exactly `size` bytes, or the method is unknown.

    Examples
    --------
    >>> stream = compressor(ZSTANDARD)
    >>> decompress(ZSTANDARD, stream.compress(b"abc") + stream.flush(), 3)
    b'abc'
    """
    if method == ZSTANDARD:
        made = _zstd_whole(data, size)
    elif method == DEFLATE:
        made = _inflate_whole(data, size)
    elif method == STORED:
        made = data
    else:
        raise CodecError(f"compression method {method} is not one that logs use (0, 8 or 93)")
    if len(made) != size:
        raise CodecError(f"{_amount(len(made), size)} bytes where {size} are declared")
    return made


def decompress_many(members: Sequence[bytes | memoryview], sizes: Sequence[int]) -> list[bytes] | None:
    """Decompress Zstandard members at once, without the interpreter's lock: in a third of the time of one by one.

    Returns None where that cannot be done, or if any of them does not make exactly its size; `decompress` then says
    which, and why.

    Examples
    --------
    >>> packed = compress_many(ZSTANDARD)([b"abc", b"de"])
    >>> decompress_many(packed, [3, 2]), decompress_many(packed, [3, 3])
    ([b'abc', b'de'], None)
    """
    at_once = getattr(_decompressor(), "multi_decompress_to_buffer", None)  # PyPy's build of the library lacks it
    # With nothing to decompress, or more than there is memory for, version 0.25 of the library divides by zero or
    # frees twice: the process would end.
    if at_once is None or not sizes or not all(members) or not all(0 < size <= MOST_AT_ONCE for size in sizes):
        return None
    try:
        made = [part.tobytes() for part in at_once(members, decompressed_sizes=array("Q", sizes).tobytes(), threads=1)]
    except (zstandard.ZstdError, ValueError, MemoryError):
        return None
    return made if [len(text) for text in made] == list(sizes) else None


def inflate(method: int, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """Decompress one member of `size` bytes piece by piece; the same errors as `decompress`."""
    made = 0
    for piece in _inflate_pieces(method, pieces):
        made += len(piece)
        if made > size:
            raise CodecError(f"more than {size} bytes where {size} are declared")
        yield piece
    if made != size:
        raise CodecError(f"{made} bytes where {size} are declared")


def _amount(made: int, size: int) -> str:
    return f"more than {size}" if made > size else str(made)


def _inflate_whole(data: bytes, size: int) -> bytes:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        made = stream.decompress(data, size + 1)
    except zlib.error as error:
        raise CodecError(f"damaged deflate data ({error})") from error
    if not stream.eof and len(made) <= size:
        raise CodecError("deflate data that ends early")
    return made


def _zstd_whole(data: bytes, size: int) -> bytes:
    if not data:  # an empty member as Inspect writes it
        return data
    decompressor = _decompressor()
    try:
        declared = zstandard.frame_content_size(data)  # -1: the frame does not say
        if declared > size:
            return bytes(size + 1)
        made = decompressor.decompress(data, max_output_size=max(size, 1))
        if len(made) == size:
            return made
        # Inspect starts a new frame every 200 MiB.
        reader = decompressor.stream_reader(io.BytesIO(data), read_across_frames=True)
        return reader.read(size + 1)
    except zstandard.ZstdError as error:
        raise CodecError(f"damaged zstandard data ({error})") from error


def _decompressor() -> zstandard.ZstdDecompressor:
    # One for each thread: the object is not safe to share, and costs more to make than a sample to decompress.
    found: zstandard.ZstdDecompressor | None = getattr(_local, "zstd", None)
    if found is None:
        found = _local.zstd = zstandard.ZstdDecompressor()
    return found


def _inflate_pieces(method: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    if method == STORED:
        yield from pieces
    elif method == DEFLATE:
        stream = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for piece in pieces:
                rest = piece
                while rest and not stream.eof:
                    yield stream.decompress(rest, _PIECE)
                    rest = stream.unconsumed_tail
            yield stream.flush()
        except zlib.error as error:
            raise CodecError(f"damaged deflate data ({error})") from error
        if not stream.eof:
            raise CodecError("deflate data that ends early")
    elif method == ZSTANDARD:
        reader = zstandard.ZstdDecompressor().stream_reader(cast(io.BytesIO, _Pieces(pieces)), read_across_frames=True)
        try:
            while piece := reader.read(_PIECE):
                yield piece
        except zstandard.ZstdError as error:
            raise CodecError(f"damaged zstandard data ({error})") from error
    else:
        raise CodecError(f"compression method {method} is not one that logs use (0, 8 or 93)")


class _Pieces:
    """An iterator of bytes as the file object that zstandard reads from."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, _size: int = -1, /) -> bytes:
        return next(self._pieces, b"")
