"""The central directory of a zip, read into arrays: some 70 bytes a member, where Python's zipfile takes a kilobyte.

A log of 100,000 samples is a zip of 100,000 members, and a scored log must be written in flat memory. Layout: PKWARE's
APPNOTE 6.3.10, sections 4.3.12 (file headers), 4.3.14 to 4.3.16 (end records), 4.5.3 (zip64).
"""

from __future__ import annotations

import os
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evalstream.streams.errors import DamagedLogError, NotALogError

__all__ = ["Directory", "read_directory"]

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_WINDOW = 1 << 18
_MARK32 = 0xFFFFFFFF
_FAR = 2**63 - 1  # beyond any file, as `ZipIndex` says when such a member is read

Numbers = npt.NDArray[np.int64]


@dataclass
class Directory:
    """What the central directory says, one array for each field, in the directory's order."""

    start: int
    """Where the directory begins; every member's data lies before."""
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    packed: array[int] = field(default_factory=lambda: array("Q"))
    crcs: array[int] = field(default_factory=lambda: array("I"))
    methods: array[int] = field(default_factory=lambda: array("H"))
    flags: array[int] = field(default_factory=lambda: array("H"))
    name_ends: array[int] = field(default_factory=lambda: array("I"))
    names: bytearray = field(default_factory=bytearray)
    """All names, in UTF-8, one after the other."""

    def __post_init__(self) -> None:
        self._hashes: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._order: npt.NDArray[np.int32] = np.empty(0, np.int32)

    def __len__(self) -> int:
        return len(self.offsets)

    def name(self, i: int) -> bytes:
        """Return the name of entry `i`."""
        return bytes(self.names[self.name_ends[i - 1] if i else 0 : self.name_ends[i]])

    def find(self, name: bytes) -> int | None:
        """Return the last entry of that name, as readers of a log must: a requeued sample is written again."""
        wanted = hash(name)
        position = bisect_left(self._hashes, wanted)
        found = None
        while position < len(self._hashes) and self._hashes[position] == wanted:
            i = int(self._order[position])
            if self.name(i) == name:
                found = i  # equal hashes are in the directory's order
            position += 1
        return found

    def live(self) -> Iterator[int]:
        """Yield the entries that count, in the directory's order: of several with one name only the last."""
        repeated = {
            int(i)
            for at in np.flatnonzero(self._hashes[1:] == self._hashes[:-1])
            for i in (self._order[at], self._order[at + 1])
        }
        for i in range(len(self)):
            if i not in repeated or self.find(self.name(i)) == i:
                yield i

    def close(self) -> None:
        """Build the look-up by name, once all entries are in."""
        hashes = np.fromiter((hash(self.name(i)) for i in range(len(self))), np.int64, len(self))
        self._order = np.argsort(hashes, kind="stable").astype(np.int32)
        hashes.sort(kind="stable")
        self._hashes = hashes


def read_directory(fd: int, path: str | os.PathLike[str]) -> Directory:
    """Read the central directory of the zip open at `fd`; `path` is for messages only.

    Raises
    ------
    NotALogError
        Not a zip, or one that spans several disks.
    DamagedLogError
        A zip that was cut short, or whose directory makes no sense.
    """
    size = os.fstat(fd).st_size
    count, length, start, end = _end_record(fd, size, path)
    # Offsets count from the zip's first byte, which is not the file's if something was put in front.
    shift = end - length - start
    if shift < 0:
        raise DamagedLogError(path, "its directory of members lies outside the file; it was cut short")
    directory = Directory(start + shift)
    _read_entries(fd, directory, length, shift, path)
    # Writers without zip64 store the count modulo 65536.
    if len(directory) != count and len(directory) & 0xFFFF != count:
        raise DamagedLogError(path, f"its directory lists {len(directory)} members and claims {count}")
    directory.close()
    return directory


def _end_record(fd: int, size: int, path: str | os.PathLike[str]) -> tuple[int, int, int, int]:
    """Find the end record; return the directory's count, length and start, and the place where it ends."""
    tail_start = max(0, size - _END.size - 0xFFFF)
    tail = os.pread(fd, size - tail_start, tail_start)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            _, disk, first_disk, _, count, length, start, comment = _END.unpack_from(tail, at)
            if at + _END.size + comment <= len(tail):
                break
        at = tail.rfind(b"PK\x05\x06", 0, at)
    else:
        if os.pread(fd, 4, 0)[:2] == b"PK":
            raise DamagedLogError(path, "it ends before its directory of members; the file was cut short")
        raise NotALogError(path, "this is not a zip, so it is no .eval log.")
    end = tail_start + at
    if 0xFFFF in (disk, count) or _MARK32 in (length, start):
        locator = os.pread(fd, _LOCATOR64.size, max(0, end - _LOCATOR64.size))
        if len(locator) == _LOCATOR64.size and locator[:4] == b"PK\x06\x07":
            _, _, place, _ = _LOCATOR64.unpack(locator)
            record = os.pread(fd, _END64.size, place) if place < size else b""
            if len(record) < _END64.size or record[:4] != b"PK\x06\x06":
                raise DamagedLogError(path, "its zip64 end record is missing")
            _, _, _, _, disk, first_disk, _, count, length, start = _END64.unpack(record)
            end = place
    if disk or first_disk:
        raise NotALogError(path, "this zip spans several disks; logs never do.")
    return count, length, start, end


def _read_entries(fd: int, directory: Directory, length: int, shift: int, path: str | os.PathLike[str]) -> None:
    place, end = directory.start, directory.start + length
    window, at = b"", 0
    unpack, head = _ENTRY.unpack_from, _ENTRY.size
    while place + at < end:
        # An entry is at most 46 + 3 * 65535 bytes, less than one window.
        if len(window) - at < min(_WINDOW, end - place - at):
            place, window, at = place + at, os.pread(fd, min(2 * _WINDOW, end - place - at), place + at), 0
        if len(window) - at < head or window[at : at + 4] != b"PK\x01\x02":
            raise DamagedLogError(path, f"its directory of members is damaged after entry {len(directory)}")
        fields = unpack(window, at)
        flags, method, crc = fields[5], fields[6], fields[9]
        packed, size, name_length, extra_length, comment_length = fields[10:15]
        offset = fields[18]
        name = window[at + head : at + head + name_length]
        if _MARK32 in (packed, size, offset):
            extra = window[at + head + name_length : at + head + name_length + extra_length]
            size, packed, offset = _zip64(extra, size, packed, offset)
        if not flags & 0x800 and not name.isascii():
            name = name.decode("cp437").encode()
        directory.offsets.append(min(offset + shift, _FAR))
        directory.sizes.append(size)
        directory.packed.append(packed)
        directory.crcs.append(crc)
        directory.methods.append(method)
        directory.flags.append(flags)
        directory.names += name
        directory.name_ends.append(len(directory.names))
        at += head + name_length + extra_length + comment_length
    if place + at != end:
        raise DamagedLogError(path, "its directory of members is damaged at its end")


def _zip64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            wide = iter(struct.unpack_from(f"<{min(length, len(extra) - at - 4) // 8}Q", extra, at + 4))
            size = next(wide, size) if size == _MARK32 else size
            packed = next(wide, packed) if packed == _MARK32 else packed
            offset = next(wide, offset) if offset == _MARK32 else offset
            break
        at += 4 + length
    return size, packed, offset
