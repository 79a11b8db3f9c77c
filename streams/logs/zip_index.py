"""Read members of a zip by number or by name, from many threads, without mapping the file.

Mapped pages count as resident memory, so a mapped log would look like a leak; `os.pread` leaves them to the kernel.
Names are looked up and never used as paths.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evalstream.streams.errors import DamagedLogError, LogReadError
from evalstream.streams.logs import codec
from evalstream.streams.logs.zip_directory import read_directory

__all__ = ["MAX_MEMBER", "Packed", "ZipIndex"]

MAX_MEMBER = 2 << 30
"""Bytes; no sample comes near, and a member that declares more is refused rather than tried."""

SUSPECT_SIZE, SUSPECT_RATIO = 256 << 20, 1000
"""Larger than this *and* packed better than this is no text that an eval wrote."""

_PIECE = 1 << 18
_LOCAL = 30
_EXTRA_GUESS = 64
_ENCRYPTED = 0x1 | 0x40


class Packed(NamedTuple):
    """A member as it lies in the zip, still compressed."""

    method: int
    crc: int
    size: int
    data: bytes


class ZipIndex:
    """The members of a zip.

    Parameters
    ----------
    fd
        The open file; stays the caller's to close.
    path
        For messages.

    Raises
    ------
    NotALogError, DamagedLogError
        See `read_directory`.

    Examples
    --------
    >>> import tempfile, zipfile
    >>> with tempfile.TemporaryFile() as file:
    ...     with zipfile.ZipFile(file, "w") as made:
    ...         made.writestr("a.json", "[1]")
    ...     index = ZipIndex(file.fileno(), "made.zip")
    ...     index.read(index.find("a.json"))
    b'[1]'
    """

    def __init__(self, fd: int, path: str | os.PathLike[str]) -> None:
        self._fd, self._path = fd, path
        self._entries = read_directory(fd, path)
        # A log's samples are read twice, to be scored and to be written: the content is checked once, and that the file
        # is the same is checked at the end (`FileStamp`).
        self._sound = bytearray(len(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def live(self) -> Iterator[int]:
        """Yield the entries that count: of several with one name only the last."""
        return self._entries.live()

    def name(self, i: int) -> bytes:
        """Return the name of entry `i`, in UTF-8."""
        return self._entries.name(i)

    def find(self, name: str | bytes) -> int | None:
        """Return the entry of that name (the last, if there are several), or None."""
        return self._entries.find(name.encode("utf-8", "backslashreplace") if isinstance(name, str) else name)

    def method(self, i: int) -> int:
        """Return the compression method of entry `i`."""
        return self._entries.methods[i]

    def size(self, i: int) -> int:
        """Return the declared size of entry `i`, uncompressed."""
        return self._entries.sizes[i]

    def read(self, i: int) -> bytes:
        """Return the decompressed bytes of entry `i`, checked against its CRC.

        Raises
        ------
        DamagedLogError
            The data is cut short, encrypted, of an unknown method, too large, or not what the directory says.
        """
        method, crc, size, data = self.packed(i)
        try:
            made = codec.decompress(method, data, size)
        except codec.CodecError as error:
            raise self._damaged(i, str(error)) from error
        if zlib.crc32(made) != crc:
            raise self._damaged(i, "its checksum does not match its content")
        return made

    def read_many(self, entries: Sequence[int]) -> list[bytes]:
        """Read entries at once, in a third of the time if they lie side by side as `run` finds them.

        Raises
        ------
        DamagedLogError
            See `read`; any of the entries.
        """
        places = [self._check(i) for i in entries]
        first = min(start for start, _, _ in places)
        end = max(start + _LOCAL + name_length + _EXTRA_GUESS + length for start, length, name_length in places)
        block = memoryview(self._pread(end - first, first))
        parts = []
        for i, (start, length, _) in zip(entries, places, strict=True):
            at = start - first
            at += self._data_start(i, bytes(block[at : at + _LOCAL]))
            parts.append(block[at : at + length])
        directory = self._entries
        made = None
        if all(directory.methods[i] == codec.ZSTANDARD for i in entries):
            made = codec.decompress_many(parts, [directory.sizes[i] for i in entries])
        if made is None or not all(
            self._sound[i] or self._is_sound(i, text) for i, text in zip(entries, made, strict=True)
        ):
            return [self.read(i) for i in entries]
        return made

    def _is_sound(self, i: int, text: bytes) -> bool:
        self._sound[i] = zlib.crc32(text) == self._entries.crcs[i]
        return bool(self._sound[i])

    def run(self, entries: Sequence[int], most: int, size: int) -> Sequence[int]:
        """Return the first entries of a list, as far as they lie side by side in the file.

        Parameters
        ----------
        entries
            At least one.
        most, size
            The limits: a number of entries, and bytes of their content.
        """
        directory = self._entries
        total, end = 0, directory.offsets[entries[0]]
        for count, i in enumerate(entries[:most]):
            start = directory.offsets[i]
            total += directory.sizes[i]
            if count and (total > size or not end <= start <= end + _PIECE):
                return entries[:count]
            end = start + directory.packed[i]
        return entries[:most]

    def packed(self, i: int) -> Packed:
        """Return entry `i` still compressed; the same errors as `read`, save those of the content."""
        entries = self._entries
        start, length, name_length = self._check(i)
        # One call for header and data: the local header repeats the name, and Inspect's adds at most 20 bytes.
        block = self._pread(_LOCAL + name_length + _EXTRA_GUESS + length, start)
        data_start = self._data_start(i, block[:_LOCAL])
        data = block[data_start : data_start + length]
        if len(data) < length:
            data += self._pread(length - len(data), start + data_start + len(data))
        if len(data) < length or start + data_start + length > entries.start:
            raise self._damaged(i, "its data is cut short")
        return Packed(entries.methods[i], entries.crcs[i], entries.sizes[i], data)

    def stream(self, i: int) -> Iterator[bytes]:
        """Yield the decompressed bytes of entry `i` piece by piece; errors as `read`, maybe after some pieces."""
        start, length, _ = self._check(i)
        data_start = start + self._data_start(i, self._pread(_LOCAL, start))
        if data_start + length > self._entries.start:
            raise self._damaged(i, "its data is cut short")
        pieces = (self._pread(min(_PIECE, length - at), data_start + at) for at in range(0, length, _PIECE))
        crc = 0
        try:
            for piece in codec.inflate(self.method(i), pieces, self.size(i)):
                crc = zlib.crc32(piece, crc)
                yield piece
        except codec.CodecError as error:
            raise self._damaged(i, str(error)) from error
        if crc != self._entries.crcs[i]:
            raise self._damaged(i, "its checksum does not match its content")

    def _check(self, i: int) -> tuple[int, int, int]:
        entries = self._entries
        start, length, size = entries.offsets[i], entries.packed[i], entries.sizes[i]
        if entries.flags[i] & _ENCRYPTED:
            raise self._damaged(i, "it is encrypted; logs never are")
        if size > MAX_MEMBER or length > MAX_MEMBER:
            raise self._damaged(i, f"it declares {size} bytes; more than {MAX_MEMBER} are refused")
        if size > SUSPECT_SIZE and size > SUSPECT_RATIO * length:
            raise self._damaged(i, f"it declares {size} bytes in {length}, which no eval writes; refused")
        if start + _LOCAL + length > entries.start:
            raise self._damaged(i, "its data lies outside the file")
        return start, length, len(entries.name(i))

    def _data_start(self, i: int, header: bytes) -> int:
        if len(header) < _LOCAL or header[:4] != b"PK\x03\x04":
            raise self._damaged(i, "its data is not where the directory says")
        return _LOCAL + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")

    def _pread(self, length: int, offset: int) -> bytes:
        try:
            data = os.pread(self._fd, length, offset)
            while len(data) < length and (more := os.pread(self._fd, length - len(data), offset + len(data))):
                data += more  # one call returns at most 2 GiB, and less on network file systems
        except OSError as error:
            raise LogReadError(self._path, error) from error
        return data

    def _damaged(self, i: int, what: str) -> DamagedLogError:
        return DamagedLogError(self._path, what, self.name(i).decode("utf-8", "backslashreplace"))
