"""The reductions of a log in the making: entries that grow in turn, and lie one after the other in the end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from evalstream.scorers.jsontext import dumps
from evalstream.streams.logs.codec import ZSTANDARD
from evalstream.streams.logs.spool import Spool

__all__ = ["Reductions", "array_body"]

_SPACE = b" \t\r\n"


class Reductions:
    """The new entries, one spool each, behind the old ones.

    Parameters
    ----------
    path
        The log that is written.
    heads
        What each entry says besides its samples.
    old
        The text of an array in pieces, or None.

    Examples
    --------
    >>> made = Reductions("made.eval", [{"scorer": "match"}], [b'[{"scorer": ', b'"old"}]'])
    >>> made.add(0, b'{"value":1,"sample_id":7}')
    >>> b"".join(made.text()).decode()
    '[{"scorer": "old"},{"scorer":"match","samples":[{"value":1,"sample_id":7}]}]'
    """

    def __init__(
        self, path: str | os.PathLike[str], heads: Sequence[Mapping[str, Any]], old: Iterable[bytes] | None
    ) -> None:
        self._heads = [dict(head) for head in heads]
        self._spools = [Spool(path, ZSTANDARD) for _ in heads]
        self._filled = [False for _ in heads]
        self._old = old

    def __bool__(self) -> bool:
        return bool(self._heads) or self._old is not None

    def add(self, slot: int, text: bytes) -> None:
        """Append one reduced score to entry `slot`."""
        self._spools[slot].write(b"," + text if self._filled[slot] else text)
        self._filled[slot] = True

    def text(self) -> Iterator[bytes]:
        """Yield the array in pieces; once."""
        comma = False
        yield b"["
        for piece in array_body(self._old or ()):
            comma = True
            yield piece
        for head, spool in zip(self._heads, self._spools, strict=True):
            spool.finish()
            yield (b"," if comma else b"") + dumps(head)[:-1] + (b"," if head else b"") + b'"samples":['
            yield from spool.read()
            yield b"]}"
            spool.close()
            comma = True
        yield b"]"

    def close(self) -> None:
        """Forget all."""
        for spool in self._spools:
            spool.close()


def array_body(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield what is between an array's brackets, from the array's text in pieces; nothing if it is empty (or null).

    Examples
    --------
    >>> list(array_body([b" [", b"1, [2", b"] ] ", b" "]))
    [b'1, [2', b']']
    """
    begun, held = False, b""
    for piece in pieces:
        rest = held + piece
        if not begun:
            rest = rest.lstrip(_SPACE)
            if not rest:
                continue
            if not rest.startswith(b"["):
                return
            begun, rest = True, rest[1:].lstrip(_SPACE)
        # The last bracket, and white space around it, is known as such only when nothing follows.
        body = rest.rstrip(_SPACE)
        body = body[:-1].rstrip(_SPACE) if body.endswith(b"]") else body
        if body:
            yield body
        held = rest[len(body) :]
