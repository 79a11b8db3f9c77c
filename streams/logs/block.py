"""How much of a log is read at once, and the samples that were read at once and are asked for one by one."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ..errors import LogError

if TYPE_CHECKING:
    from .source import LogSource

__all__ = ["BLOCK_BYTES", "BLOCK_SAMPLES", "SampleBlock"]

BLOCK_SAMPLES = 128
BLOCK_BYTES = 1 << 18
"""Bytes of samples, decompressed, in one block; a larger sample is a block of its own."""


class SampleBlock:
    """Samples of a log that are asked for one after the other, and read many at once.

    Parameters
    ----------
    source
        The log.

    Examples
    --------
    >>> class Log:
    ...     sample_count = 5
    ...     def read_sample(self, i):
    ...         return b"alone %d" % i
    ...     def read_samples(self, i):
    ...         return [b"one of two"] * 2
    >>> block = SampleBlock(Log())
    >>> [block.read(i) for i in (0, 1, 3, 2)]
    [b'one of two', b'one of two', b'alone 3', b'one of two']
    """

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._first = 0
        self._texts: list[bytes] = []
        self._lock = threading.Lock()

    def read(self, i: int) -> bytes:
        """Return the JSON text of sample `i`; raises what `LogSource.read_sample` raises."""
        with self._lock:
            at = i - self._first
            if 0 <= at < len(self._texts):
                return self._texts[at]
            # A log that is scored is read from its first sample to its last; whoever skips about needs no block.
            if i == 0 or at == len(self._texts):
                try:
                    self._first, self._texts = i, self._source.read_samples(i)
                except LogError:  # one of them; it alone is to fail
                    self._first, self._texts = i + 1, []
                else:
                    return self._texts[0]
        return self._source.read_sample(i)
