"""Records of one partition, copied to a temporary file, to be read in any order."""

from __future__ import annotations

import tempfile
from array import array
from bisect import bisect_left

import msgspec

from ..errors import BrokerError
from .record import Record

__all__ = ["RecordCopy"]

SPOOL_BYTES = 1 << 20

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Record).decode


class RecordCopy:
    """Records in ascending order of offsets; 16 bytes of memory each, the rest is in a file without a name.

    Examples
    --------
    >>> copy = RecordCopy("completions", 0)
    >>> copy.add(Record(3, b"k", b"v", (), 0)); copy.add(Record(7, b"k", b"w", (), 0))
    >>> copy.read(7).value, copy.read(3).value
    (b'w', b'v')
    """

    def __init__(self, topic: str, partition: int) -> None:
        self._where = f"topic {topic!r}, partition {partition}"
        self._offsets, self._bounds = array("q"), array("q", [0])
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 (closed by `close`)

    def add(self, record: Record) -> None:
        """Add a record; its offset must be larger than those before.

        Raises
        ------
        BrokerError
            The disk is full...
        """
        data = _encode(tuple(record))
        try:
            self._file.seek(self._bounds[-1])
            self._file.write(data)
        except OSError as error:
            raise BrokerError(
                f"Temporary files in {tempfile.gettempdir()} cannot be written: {error.strerror or error}."
                " Free some space there, or set TMPDIR to another folder."
            ) from error
        self._offsets.append(record.offset)
        self._bounds.append(self._bounds[-1] + len(data))

    def read(self, offset: int) -> Record:
        """Return the record at an offset.

        Raises
        ------
        LookupError
            It was not there when the copy was made.
        """
        at = bisect_left(self._offsets, offset)
        if at == len(self._offsets) or self._offsets[at] != offset:
            raise LookupError(f"record {offset} of {self._where}, is not there any more")
        self._file.seek(self._bounds[at])
        return _decode(self._file.read(self._bounds[at + 1] - self._bounds[at]))

    def close(self) -> None:
        """Forget all."""
        self._file.close()
