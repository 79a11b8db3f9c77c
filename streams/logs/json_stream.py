"""The elements of a JSON array whose text comes in pieces, one at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator

from evalstream.scorers.jsontext import JsonTextError

__all__ = ["elements"]

LONGEST = 1 << 28
"""Characters of one element; whatever is longer is no row of a list but damage, and is not waited for."""

_decode = json.JSONDecoder().raw_decode
_SPACE = " \t\r\n"
_ENDS = frozenset(f"{_SPACE},]")


def elements(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the own text of each element.

    Parameters
    ----------
    pieces
        The array's text in UTF-8; no more of it is held than the longest element takes.

    Raises
    ------
    JsonTextError
        The text is not one array; maybe after some elements.

    Examples
    --------
    >>> list(elements([b' [{"a": 1}, ', b'12', b'3,[2', b'], "]"', b" ] "]))
    [b'{"a": 1}', b'123', b'[2]', b'"]"']
    """
    text = _Text(pieces)
    if text.character() != "[":
        raise JsonTextError("not an array")
    text.at += 1
    if text.character() != "]":
        yield text.element()
        while text.character() == ",":
            text.at += 1
            text.character()
            yield text.element()
    if text.character() != "]":
        raise JsonTextError("an array's element is not followed by a comma or the end")
    text.at += 1
    if text.character():
        raise JsonTextError("there is something behind the array")


class _Text:
    """A window on a text in pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._window = ""
        self.at = 0

    def character(self) -> str:
        """Skip white space and return the next character, "" at the end."""
        while True:
            while self.at < len(self._window) and self._window[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self._window):
                return self._window[self.at]
            if not self._more(1):
                return ""

    def element(self) -> bytes:
        """Return the element that begins here, and go behind it."""
        while True:
            try:
                _, end = _decode(self._window, self.at)
            except json.JSONDecodeError as error:
                # Half of an element, or none at all; only the rest of the text can tell.
                if not self._more(max(1, len(self._window) - self.at)):
                    raise JsonTextError(f"{error.msg}, or the text was cut short") from error
                continue
            except (ValueError, RecursionError) as error:
                raise JsonTextError(f"not read: {error}") from error
            # Of a number there may be more, as of 0 in "0.5" if the window ends within.
            length = end - self.at
            if self._window[end : end + 1] in _ENDS or not self._more(1):
                text = self._window[self.at : self.at + length]
                self.at += length
                return text.encode()

    def _more(self, wanted: int) -> bool:
        """Take in so many characters more, if there are any."""
        parts, length = [self._window[self.at :]], 0
        self.at = 0
        while length < wanted:
            piece = next(self._pieces, None)
            try:
                part = self._decoder.decode(piece or b"", final=piece is None)
            except UnicodeDecodeError as error:
                raise JsonTextError("not UTF-8") from error
            parts.append(part)
            length += len(part)
            if piece is None:
                break
        self._window = "".join(parts)
        if len(self._window) > LONGEST:
            raise JsonTextError("an element is longer than any that a log holds")
        return length > 0
