"""Find the samples of a `.json` log without parsing it: one pass over the file, in windows of fixed size.

A log can be larger than the memory, and a parser would make objects of all of it. Where strings begin and end, and how
deep the brackets are, is enough to find the samples; numpy tells that for a window at once, at some 300 MB/s. Whether a
sample is valid JSON shows when it is read, so one broken sample costs only itself.
"""

from __future__ import annotations

import os
import re
from array import array
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evalstream.streams.errors import DamagedLogError, NotALogError

__all__ = ["Layout", "scan"]

WINDOW = 1 << 19
MAX_HEADER = 256 << 20

_SPACE = b" \t\r\n"
_QUOTE, _BACKSLASH, _OBJECT = ord('"'), ord("\\"), ord("{")
_CASE = 0x20  # "[" and "]" differ from "{" and "}" in this bit only, and no other character has such a twin
_SECTION = re.compile(rb'(?<!\\)"(samples|reductions)"\s*:\s*\[\Z')

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]


@dataclass
class Layout:
    """Where the parts of a `.json` log are."""

    header: bytearray = field(default_factory=bytearray)
    """The log's text, but with empty arrays for ``samples`` and ``reductions``."""
    starts: array[int] = field(default_factory=lambda: array("Q"))
    lengths: array[int] = field(default_factory=lambda: array("Q"))
    reductions: tuple[int, int] | None = None
    """Start and length of the array."""


def scan(fd: int, path: str, window: int = WINDOW) -> Layout:
    """Find the parts of the log open at `fd`.

    Raises
    ------
    DamagedLogError
        The file ends early, or there is something else than objects among the samples.
    NotALogError
        There is more text outside samples and reductions than any log has.
    """
    found = _Scanner(fd, path)
    place = 3 if os.pread(fd, 3, 0) == b"\xef\xbb\xbf" else 0
    while text := os.pread(fd, window, place):
        found.feed(text, place)
        place += len(text)
    return found.finish()


class _Scanner:
    def __init__(self, fd: int, path: str) -> None:
        self._fd, self._path = fd, path
        self._layout = Layout()
        self._in_string = 0
        self._backslashes = 0  # parity of those right before the window
        self._depth = 0
        self._begun = self._ended = False
        self._section: bytes | None = None
        self._section_start = 0
        self._item_start = 0
        self._item_end = 0

    def feed(self, text: bytes, base: int) -> None:
        """Take the text at `base`."""
        data = np.frombuffer(text, np.uint8)
        quotes = self._quotes(data)
        folded = data | _CASE
        places = np.flatnonzero((folded == 0x7B) | (folded == 0x7D))
        outside = ((np.searchsorted(quotes, places) + self._in_string) & 1) == 0
        places = places[outside]
        self._in_string = (self._in_string + len(quotes)) & 1
        steps = np.where(folded[places] == 0x7B, 1, -1)
        depths = self._depth + np.cumsum(steps)
        # What matters: the object itself, its members, and the elements of its members.
        matters = np.flatnonzero(depths + (steps < 0) <= 3)
        copied = 0
        for at, step, depth in zip(
            places[matters].tolist(), steps[matters].tolist(), depths[matters].tolist(), strict=True
        ):
            if self._ended or depth < 0:
                raise DamagedLogError(self._path, f"its brackets do not match at byte {base + at}")
            if depth == 2 and step > 0:
                self._copy(text[copied : at + 1])
                copied = at + 1
                self._open_member(base + at)
            elif depth == 1 and step < 0 and self._section:
                self._close_section(base, at, text)
                copied = at
            elif self._section == b"samples":
                self._sample(base, at, step, text)
            elif depth == 0:
                self._ended = True
            self._begun = True
        if not self._section:
            self._copy(text[copied:])
        if len(depths):
            self._depth = int(depths[-1])

    def finish(self) -> Layout:
        """Return what was found, once all text was taken."""
        if self._depth or self._in_string or not self._begun:
            raise DamagedLogError(self._path, "it ends in the middle; the file was cut short")
        return self._layout

    def _quotes(self, data: Bytes) -> Places:
        """Find the quotes that begin or end a string: those after an even number of backslashes."""
        quotes = np.flatnonzero(data == _QUOTE)
        slashes = np.flatnonzero(data == _BACKSLASH)
        before, self._backslashes = self._backslashes, 0
        if before and len(quotes) and quotes[0] == 0:
            quotes = quotes[1:]
        if not len(slashes):
            return quotes
        first = np.ones(len(slashes), bool)
        first[1:] = slashes[1:] != slashes[:-1] + 1
        runs = np.maximum.accumulate(np.where(first, slashes, 0))  # where the run that a backslash is in begins
        odd = (slashes - runs + 1 + np.where(runs == 0, before * (slashes[0] == 0), 0)) & 1
        if slashes[-1] == len(data) - 1:
            self._backslashes = int(odd[-1])
        escaped = slashes[odd == 1] + 1  # at the end of a run this is what the run escapes; inside, a backslash
        return quotes[~np.isin(quotes, escaped, assume_unique=True)]

    def _open_member(self, place: int) -> None:
        name = _SECTION.search(self._layout.header, max(0, len(self._layout.header) - 256))
        if name:
            self._section, self._section_start, self._item_end = bytes(name[1]), place, place + 1
            if self._section == b"samples":  # of a repeated key the last counts, as for every JSON parser
                self._layout.starts, self._layout.lengths = array("Q"), array("Q")

    def _close_section(self, base: int, at: int, text: bytes) -> None:
        if self._section == b"samples":
            if self._between(base, at, text):
                raise self._stray()
        else:
            self._layout.reductions = (self._section_start, base + at + 1 - self._section_start)
        self._section = None

    def _sample(self, base: int, at: int, step: int, text: bytes) -> None:
        if step > 0:
            if self._between(base, at, text) != (b"," if self._layout.starts else b"") or text[at] != _OBJECT:
                raise self._stray()
            self._item_start = base + at
        else:
            self._item_end = base + at + 1
            self._layout.starts.append(self._item_start)
            self._layout.lengths.append(self._item_end - self._item_start)

    def _between(self, base: int, at: int, text: bytes) -> bytes:
        """Return what is between the last sample's end and here, without white space."""
        if self._item_end >= base:
            gap = text[self._item_end - base : at]
        else:
            gap = os.pread(self._fd, base + at - self._item_end, self._item_end)
        return gap.strip(_SPACE)

    def _stray(self) -> DamagedLogError:
        count = len(self._layout.starts)
        return DamagedLogError(
            self._path, f"something else than a list of objects at byte {self._item_end}", f"samples[{count}]"
        )

    def _copy(self, text: bytes) -> None:
        self._layout.header += text
        if len(self._layout.header) > MAX_HEADER:
            raise NotALogError(self._path, f"more than {MAX_HEADER} bytes outside samples; no log has so many.")
