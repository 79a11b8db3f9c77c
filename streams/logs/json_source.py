"""Read a `.json` log, one object, sample by sample."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from typing_extensions import Self

from evalstream.scorers.jsontext import JsonTextError, loads
from evalstream.streams.errors import DamagedLogError, LogReadError, NotALogError, SampleDecodeError
from evalstream.streams.logs import codec
from evalstream.streams.logs.block import BLOCK_BYTES, BLOCK_SAMPLES
from evalstream.streams.logs.header import check_header
from evalstream.streams.logs.json_scan import Layout, scan
from evalstream.streams.logs.sample_key import peek_key, read_key
from evalstream.streams.logs.stamp import FileStamp

__all__ = ["JsonSource"]

_PEEK = 512
_PIECE = 1 << 18


class JsonSource:
    """A `.json` log open for reading; see `LogSource`.

    Takes over `fd` and closes it, except when the constructor raises.

    Raises
    ------
    NotALogError, DamagedLogError
        See `open_log`.
    """

    format: Literal["eval", "json"] = "json"
    compression: codec.Method = codec.ZSTANDARD

    def __init__(self, fd: int, path: str) -> None:
        self.path = path
        self.stamp = FileStamp(fd, path)
        self._fd = fd
        self._layout = scan(fd, path)
        self.header = self._read_header()
        self._drop_repeated()
        self.sample_count = len(self._layout.starts)

    @property
    def start(self) -> dict[str, Any]:
        """What was known when the eval began."""
        return {key: self.header[key] for key in ("version", "eval", "plan") if key in self.header}

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield id (as text) and epoch of each sample."""
        for i in range(self.sample_count):
            sample_id, epoch = self._key(i)
            yield str(sample_id), epoch

    def sample_name(self, i: int) -> str:
        """Return the sample's place in the array."""
        return f"samples[{i}]"

    def read_sample(self, i: int) -> bytes:
        """Return the JSON text of sample `i`."""
        return self._pread(self._layout.starts[i], self._layout.lengths[i])

    def read_samples(self, i: int) -> list[bytes]:
        """Return the JSON texts of sample `i` and some that follow it."""
        starts, lengths = self._layout.starts, self._layout.lengths
        first, end = starts[i], i + 1
        while end < min(self.sample_count, i + BLOCK_SAMPLES) and starts[end] + lengths[end] - first <= BLOCK_BYTES:
            end += 1
        block = self._pread(first, starts[end - 1] + lengths[end - 1] - first)
        return [block[starts[n] - first : starts[n] - first + lengths[n]] for n in range(i, end)]

    def reductions(self) -> Iterator[bytes] | None:
        """Yield the array of reductions in pieces; None if there is none."""
        if self._layout.reductions is None:
            return None
        start, length = self._layout.reductions
        return (self._pread(start + at, min(_PIECE, length - at)) for at in range(0, length, _PIECE))

    def extra_members(self) -> dict[str, bytes]:
        """Return nothing: all that is not samples or reductions is in the header."""
        return {}

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_header(self) -> dict[str, Any]:
        text = bytes(self._layout.header)
        self._layout.header = bytearray()
        try:
            parsed = loads(text)
        except JsonTextError as error:
            if b'"eval"' not in text:
                raise NotALogError(self.path, f"neither a log nor JSON ({error}).") from error
            raise DamagedLogError(self.path, f"not JSON outside of the samples ({error})") from error
        if isinstance(parsed, dict):
            samples = parsed.pop("samples", None)
            if samples:
                raise DamagedLogError(self.path, "its samples are not a list")
            parsed.pop("reductions", None)
        return check_header(self.path, parsed)

    def _key(self, i: int) -> tuple[int | str, int]:
        start, length = self._layout.starts[i], self._layout.lengths[i]
        key = peek_key(self._pread(start, min(_PEEK, length)))
        return key if key else read_key(self.path, self._pread(start, length), self.sample_name(i))

    def _drop_repeated(self) -> None:
        """Of samples with the same id and epoch keep the last, as in a `.eval`; 1 and "1" are not the same here."""
        count = len(self._layout.starts)
        hashes = np.empty(count, np.int64)
        for i in range(count):
            try:
                hashes[i] = hash(self._key(i))
            except SampleDecodeError:
                hashes[i] = hash((self.path, i))  # it is reported when it is read
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        again = np.flatnonzero(hashes[1:] == hashes[:-1])
        drop = {int(order[at]) for at in again if self._key(int(order[at])) == self._key(int(order[at + 1]))}
        if drop:
            old = self._layout
            kept = [i for i in range(count) if i not in drop]
            self._layout = Layout(
                starts=array("Q", (old.starts[i] for i in kept)),
                lengths=array("Q", (old.lengths[i] for i in kept)),
                reductions=old.reductions,
            )

    def _pread(self, start: int, length: int) -> bytes:
        try:
            data = os.pread(self._fd, length, start)
            while len(data) < length and (more := os.pread(self._fd, length - len(data), start + len(data))):
                data += more
        except OSError as error:
            raise LogReadError(self.path, error) from error
        if len(data) < length:
            raise DamagedLogError(self.path, "it became shorter while it was read")
        return data
