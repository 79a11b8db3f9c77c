"""Write a zip from front to back, each byte once, compressing in a thread of its own.

The thread does nothing but compress, a batch in one call: it would have to wait for the interpreter's lock at each step
of its own, and make its owner wait.

The same members give the same bytes: the timestamp is fixed (1 January 1980, the oldest that a zip knows), and what is
compressed together never depends on timing. Layout as in `zip_directory`.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs import codec
from evalstream.streams.logs.atomic import AtomicFile
from evalstream.streams.logs.spool import Spool
from evalstream.streams.logs.zip_index import Packed

__all__ = ["ZipWriter"]

_LOCAL = struct.Struct("<4s5H3L2H")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_MARK32 = 0xFFFFFFFF
_DATE = 0x21  # 1980-01-01
_VERSIONS: dict[int, int] = {codec.STORED: 20, codec.DEFLATE: 20, codec.ZSTANDARD: 63}
_MODE = 0o600 << 16

BATCH_BYTES = 1 << 18
"""Members are handed to the thread in batches of this size: one by one, handing over would cost more than the work."""

BATCHES_IN_FLIGHT = 2

_Members = list[tuple[bytes, bytes]]


class ZipWriter:
    """Add members to a zip, in order.

    Parameters
    ----------
    file
        Where the zip goes; stays the caller's to commit or abort.
    method
        How `add` compresses.

    Raises
    ------
    LogWriteError
        From each method: the disk is full... or two members have one name.
    """

    def __init__(self, file: AtomicFile, method: codec.Method = codec.ZSTANDARD) -> None:
        self._file, self._method = file, method
        self._compress = codec.compress_many(method)
        self._batch: _Members = []
        self._batch_bytes = 0
        # One thread: it compresses a sample in a third of the time that reading and editing it takes.
        self._thread = ThreadPoolExecutor(1, "zip")
        self._under_way: deque[tuple[_Members, Future[list[bytes]]]] = deque()
        # In a file as well: for 100,000 members it is 7 MB.
        self._directory = Spool(file.path, codec.STORED)
        self._hashes = array("q")

    def add(self, name: str, data: bytes) -> None:
        """Add a member; it is compressed and written later, but in the order of the calls."""
        self._batch.append((self._name(name), data))
        self._batch_bytes += len(data)
        if self._batch_bytes >= BATCH_BYTES:
            self._hand_over()

    def add_packed(self, name: str, member: Packed) -> None:
        """Add a member that is already compressed, as it is."""
        raw = self._name(name)
        self._drain()
        header = self._header(raw, member.method, member.crc, member.size, len(member.data), self._file.size)
        self._file.write(header + member.data)

    def add_spool(self, name: str, spool: Spool) -> None:
        """Add a finished spool's text."""
        raw = self._name(name)
        self._drain()
        self._file.write(self._header(raw, spool.method, spool.crc, spool.size, spool.packed_size, self._file.size))
        for piece in spool.packed():
            self._file.write(piece)
        spool.close()

    def finish(self) -> None:
        """Write what is left and the directory; the file can be committed then."""
        self._drain()
        hashes = np.sort(np.frombuffer(self._hashes, np.int64))  # np.unique builds a hash table
        if (hashes[1:] == hashes[:-1]).any():
            raise LogWriteError(
                self._file.path,
                "two samples would have the same name in the log, as the ids 1 and '1' do. Write a .json instead.",
            )
        self._directory.finish()
        start, count, length = self._file.size, len(self._hashes), self._directory.size
        for piece in self._directory.packed():
            self._file.write(piece)
        if count >= 0xFFFF or start >= _MARK32 or length >= _MARK32:
            end = self._file.size
            self._file.write(
                struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
                + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
            )
        few, short, near = min(count, 0xFFFF), min(length, _MARK32), min(start, _MARK32)
        self._file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, few, few, short, near, 0))

    def abort(self) -> None:
        """Stop the thread and forget what is left."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._batch.clear()
        self._under_way.clear()
        self._directory.close()

    def _name(self, name: str) -> bytes:
        # Python's zipfile, with which Inspect reads, ends a name at its first NUL.
        raw = name.replace("\0", "%00").encode("utf-8", "backslashreplace")
        if len(raw) > 0xFFFF:
            raise LogWriteError(
                self._file.path, f"an id of {len(name)} characters does not fit. Write a .json instead."
            )
        self._hashes.append(hash(raw))
        return raw

    def _hand_over(self) -> None:
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._under_way.append((batch, self._thread.submit(self._compress, [data for _, data in batch])))
        if len(self._under_way) > BATCHES_IN_FLIGHT:
            self._write_oldest()

    def _drain(self) -> None:
        if self._batch:
            self._hand_over()
        while self._under_way:
            self._write_oldest()

    def _write_oldest(self) -> None:
        batch, compressed = self._under_way.popleft()
        pieces: list[bytes] = []
        place = self._file.size
        for (name, data), packed in zip(batch, compressed.result(), strict=True):
            header = self._header(name, self._method, zlib.crc32(data), len(data), len(packed), place)
            pieces += (header, packed)
            place += len(header) + len(packed)
        self._file.write(b"".join(pieces))

    def _header(self, name: bytes, method: int, crc: int, size: int, packed: int, place: int) -> bytes:
        """Note the member in the directory; return its local header."""
        version, flags = _VERSIONS[method], 0 if name.isascii() else 0x800
        local_extra = entry_extra = b""
        sizes, near = (packed, size), place
        if size >= _MARK32 or packed >= _MARK32:
            sizes, local_extra = (_MARK32, _MARK32), struct.pack("<2H2Q", 1, 16, size, packed)
        if local_extra or place >= _MARK32:
            near, version = _MARK32, max(version, 45)
            wide = (size, packed, place) if local_extra else (place,)
            entry_extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide)
        common = (version, flags, method, 0, _DATE, crc, *sizes, len(name))
        entry = _ENTRY.pack(b"PK\x01\x02", version, 3, version, 0, *common[1:], len(entry_extra), 0, 0, 0, _MODE, near)
        self._directory.write(entry + name + entry_extra)
        return _LOCAL.pack(b"PK\x03\x04", *common, len(local_extra)) + name + local_extra
