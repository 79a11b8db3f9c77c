"""Write a `.eval` log, front to back."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from typing_extensions import Self

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs.atomic import AtomicFile
from evalstream.streams.logs.codec import Method
from evalstream.streams.logs.header import print_header
from evalstream.streams.logs.reductions import Reductions
from evalstream.streams.logs.spool import Spool
from evalstream.streams.logs.zip_writer import ZipWriter

__all__ = ["EvalTarget"]

_OURS = frozenset({"header.json", "summaries.json", "reductions.json", "_journal/start.json"})


class EvalTarget:
    """A `.eval` log in the making; see `LogTarget` and `create_log`.

    The journal's summaries, which a running eval writes after each batch, are left out: Inspect and its viewer read
    ``summaries.json`` and look into the journal only if there is none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        header: Mapping[str, Any],
        start: Mapping[str, Any] | None,
        compression: Method,
        reductions: Sequence[Mapping[str, Any]] = (),
        prepend_reductions: Iterable[bytes] | None = None,
    ) -> None:
        # As text: parsed, the list of a dataset's ids weighs more than all that is kept of the samples.
        self._header = print_header(header)
        self._compression = compression
        self._extra: dict[str, bytes] = {}
        self._count = 0
        self._file = AtomicFile(path)
        self._zip = ZipWriter(self._file, compression)
        self._summaries = Spool(self._file.path, compression)
        self._reductions = Reductions(self._file.path, reductions, prepend_reductions)
        if start is None:
            start = {key: header[key] for key in ("version", "eval", "plan") if key in header}
        self._zip.add("_journal/start.json", print_header(start))

    def add_sample(self, sample_id: str | int, epoch: int, text: bytes, summary: bytes) -> None:
        """Add a sample and its summary."""
        self._zip.add(f"samples/{sample_id}_epoch_{epoch}.json", text)
        self._summaries.write(b"," + summary if self._count else b"[" + summary)
        self._count += 1

    def add_reduction(self, slot: int, text: bytes) -> None:
        """Add one reduced score to the entry of that number."""
        self._reductions.add(slot, text)

    def extra(self, name: str, data: bytes) -> None:
        """Add a member of another kind; `LogWriteError` if its name is one that this class writes itself."""
        if name in _OURS or name.startswith("samples/"):
            raise LogWriteError(self._file.path, f"an extra member may not be named {name!r}.")
        self._extra[name] = data

    def commit(self) -> str:
        """Put the log in its place; return its SHA-256."""
        try:
            for name, data in self._extra.items():
                self._zip.add(name, data)
            self._summaries.write(b"]" if self._count else b"[]")
            self._summaries.finish()
            self._zip.add_spool("summaries.json", self._summaries)
            if self._reductions:
                text = Spool(self._file.path, self._compression)
                for piece in self._reductions.text():
                    text.write(piece)
                text.finish()
                self._zip.add_spool("reductions.json", text)
            self._zip.add("header.json", self._header)
            self._zip.finish()
            return self._file.commit()
        except OSError as error:
            raise LogWriteError(self._file.path, error) from error
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget all; after `commit` this does nothing."""
        self._zip.abort()
        self._summaries.close()
        self._reductions.close()
        self._file.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()
