"""Write a log, whatever its format, sample by sample."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from typing_extensions import Self

from evalstream.streams.logs.codec import ZSTANDARD, Method
from evalstream.streams.logs.eval_target import EvalTarget
from evalstream.streams.logs.json_target import JsonTarget

__all__ = ["LogTarget", "create_log"]


class LogTarget(Protocol):
    """A log in the making: nothing is at its path before `commit`, and all of it after.

    Leaving the ``with`` block without `commit` is `abort`. Each method may raise `LogWriteError`.
    """

    def add_sample(self, sample_id: str | int, epoch: int, text: bytes, summary: bytes) -> None:
        """Add a sample, in the order of the calls; `summary` as `summarise` makes it (a `.json` has none)."""

    def add_reduction(self, slot: int, text: bytes) -> None:
        """Add one reduced score to the entry of that number; slots may be filled in any order, even in turn."""

    def extra(self, name: str, data: bytes) -> None:
        """Add a member that the old log had and this package has no use for; a `.json` has no place for it."""

    def commit(self) -> str:
        """Put the log in its place; return the SHA-256 of the file, in hex."""

    def abort(self) -> None:
        """Forget all; what was at the path before is as it was."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def create_log(
    path: str | os.PathLike[str],
    header: Mapping[str, Any],
    *,
    start: Mapping[str, Any] | None = None,
    compression: Method = ZSTANDARD,
    reductions: Sequence[Mapping[str, Any]] = (),
    prepend_reductions: Iterable[bytes] | None = None,
) -> LogTarget:
    """Begin a log at `path`; its format follows the name's ending, `.json` or anything else.

    Parameters
    ----------
    path
        Where the log goes. A file that is there is replaced at `commit`.
    header
        All of the log but samples and reductions, with the final results.
    start
        What was known when the eval began (`.eval` only); made from the header if missing.
    compression
        Of the members of a `.eval`.
    reductions
        The heads of the entries, such as ``{"scorer": "match", "reducer": "mean"}``; their places are the slots of
        `LogTarget.add_reduction`.
    prepend_reductions
        The old log's reductions (`LogSource.reductions`), to stand before the new ones; read at `commit`.

    Raises
    ------
    LogWriteError
        The folder is missing, or the file may not be written...
    """
    if os.fspath(path).lower().endswith(".json"):
        return JsonTarget(path, header, reductions, prepend_reductions)
    return EvalTarget(path, header, start, compression, reductions, prepend_reductions)
