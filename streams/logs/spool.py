"""Text that is produced in pieces now and written in one go later, kept compressed in a nameless temporary file."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs import codec

__all__ = ["Spool"]

_PIECE = 1 << 16


class Spool:
    """A member in the making: ``summaries.json`` must lie in one piece, but grows while the samples are written.

    Parameters
    ----------
    path
        The log that is written; the temporary file lies in its folder, so that one disk's space is all that counts.
        It has no name, so that it is gone even if the process is killed.
    method
        How to compress.

    Examples
    --------
    >>> spool = Spool("made.eval", codec.ZSTANDARD)
    >>> spool.write(b"[1,"); spool.write(b"2]")
    >>> spool.finish()
    >>> spool.size, b"".join(spool.read())
    (5, b'[1,2]')
    """

    def __init__(self, path: str | os.PathLike[str], method: codec.Method) -> None:
        self.method = method
        self.size = 0
        self.packed_size = 0
        self.crc = 0
        self._path = Path(path)
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._compressor = codec.compressor(method)
        self._file: IO[bytes] | None = None

    def write(self, data: bytes) -> None:
        """Append `data`.

        Raises
        ------
        LogWriteError
            No space, no permission...
        """
        self._waiting.append(data)
        self._waiting_size += len(data)
        if self._waiting_size >= _PIECE:
            self._compress()

    def finish(self) -> None:
        """Compress what is left; `crc`, `size` and `packed_size` are final from here on."""
        self._compress()
        self._store(self._compressor.flush())

    def packed(self) -> Iterator[bytes]:
        """Yield the compressed bytes; after `finish`."""
        if self._file is None:
            return
        try:
            self._file.seek(0)
            while piece := self._file.read(_PIECE):
                yield piece
        except OSError as error:
            raise LogWriteError(self._path, error) from error

    def read(self) -> Iterator[bytes]:
        """Yield the text; after `finish`."""
        return codec.inflate(self.method, self.packed(), self.size)

    def close(self) -> None:
        """Forget the text."""
        self._waiting.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _compress(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_size = 0
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self._store(self._compressor.compress(data))

    def _store(self, data: bytes) -> None:
        self.packed_size += len(data)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._path.parent, buffering=0)  # noqa: SIM115  (closed by `close`)
            rest = memoryview(data)
            while rest:
                rest = rest[self._file.write(rest) or 0 :]
        except OSError as error:
            raise LogWriteError(self._path, error) from error
