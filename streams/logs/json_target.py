"""Write a `.json` log, front to back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import Self

from evalstream.streams.logs.atomic import AtomicFile
from evalstream.streams.logs.header import print_header
from evalstream.streams.logs.reductions import Reductions

__all__ = ["JsonTarget"]

# Inspect reads the header of a large log up to "samples" and no further, so what is not a sample stands before.
_ORDER = (
    "version",
    "status",
    "eval",
    "plan",
    "results",
    "stats",
    "error",
    "invalidated",
    "log_updates",
    "config_updates",
    "tags",
    "metadata",
)
_BUFFER = 1 << 18


class JsonTarget:
    """A `.json` log in the making; see `LogTarget` and `create_log`.

    The header is printed with an indent, as Inspect does; samples are written as they come.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Mapping[str, Any],
        reductions: Sequence[Mapping[str, Any]] = (),
        prepend_reductions: Iterable[bytes] | None = None,
    ) -> None:
        self._file = AtomicFile(path)
        self._reductions = Reductions(self._file.path, reductions, prepend_reductions)
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._count = 0
        # Of what it knows, Inspect leaves out what is None, and fails on a header where it is not left out.
        ordered = {key: header[key] for key in _ORDER if header.get(key) is not None}
        ordered.update((k, v) for k, v in header.items() if k not in (*_ORDER, "samples", "reductions"))
        self._write(print_header(ordered, indent=2)[:-2] + b',\n  "samples": [')

    def add_sample(self, sample_id: str | int, epoch: int, text: bytes, summary: bytes) -> None:
        """Add a sample; the other arguments are for `.eval` logs."""
        self._write(b",\n    " if self._count else b"\n    ")
        self._write(text)
        self._count += 1

    def add_reduction(self, slot: int, text: bytes) -> None:
        """Add one reduced score to the entry of that number."""
        self._reductions.add(slot, text)

    def extra(self, name: str, data: bytes) -> None:
        """Do nothing: a `.json` has no members."""

    def commit(self) -> str:
        """Put the log in its place; return its SHA-256."""
        try:
            self._write(b"\n  ]" if self._count else b"]")
            if self._reductions:
                self._write(b',\n  "reductions": ')
                for piece in self._reductions.text():
                    self._write(piece)
            self._write(b"\n}\n")
            self._flush()
            return self._file.commit()
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget all; after `commit` this does nothing."""
        self._waiting.clear()
        self._reductions.close()
        self._file.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()

    def _write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_size += len(data)
        if self._waiting_size >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_size = 0
        self._file.write(data)
