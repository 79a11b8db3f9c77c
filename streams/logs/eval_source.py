"""Read a `.eval` log, a zip with one member for each sample."""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterator
from typing import Any, Literal

from typing_extensions import Self

from evalstream.scorers.jsontext import JsonTextError, loads
from evalstream.streams.errors import DamagedLogError, NotALogError, SampleDecodeError
from evalstream.streams.logs import codec
from evalstream.streams.logs.block import BLOCK_BYTES, BLOCK_SAMPLES
from evalstream.streams.logs.header import LOG_VERSION, check_header, damaged_json
from evalstream.streams.logs.sample_key import member_name, peek_key, read_key
from evalstream.streams.logs.stamp import FileStamp
from evalstream.streams.logs.zip_index import Packed, ZipIndex

__all__ = ["EvalSource"]

_SAMPLE = re.compile(rb"samples/(.*)_epoch_(\d{1,18})\.json", re.DOTALL)
_CHUNKED = re.compile(rb"samples/.*_epoch_\d+/(?:sample|skeleton)\.json", re.DOTALL)
_OF_SCORES = frozenset({"header.json", "summaries.json", "reductions.json"})
_KNOWN = frozenset({b"header.json", b"summaries.json", b"reductions.json", b"_journal/start.json"})


class EvalSource:
    """A `.eval` log open for reading; see `LogSource`.

    Takes over `fd` and closes it, except when the constructor raises.

    Raises
    ------
    NotALogError, DamagedLogError
        See `open_log`.
    """

    format: Literal["eval", "json"] = "eval"

    def __init__(self, fd: int, path: str) -> None:
        self.path = path
        self.stamp = FileStamp(fd, path)
        self._fd = fd
        self._zip = ZipIndex(fd, path)
        self._samples, self._extra = array("I"), array("I")
        self._strays: dict[bytes, int] = {}
        chunked = 0
        for i in self._zip.live():
            name = self._zip.name(i)
            if name.startswith(b"samples/") and name.endswith(b".json"):
                if name.endswith((b"/sample.json", b"/skeleton.json")) and _CHUNKED.fullmatch(name):
                    chunked += 1
                self._samples.append(i)
            elif name not in _KNOWN and not name.startswith(b"_journal/summaries/") and not name.endswith(b"/"):
                self._extra.append(i)
        if chunked:
            raise NotALogError(
                path,
                "a log whose samples are split into chunks (`inspect log convert-chunked`). Use the log it came from.",
            )
        self.header = self._read_header()
        self.sample_count = len(self._samples)
        self.compression: codec.Method = codec.ZSTANDARD
        if self.sample_count and self._zip.method(self._samples[0]) in (codec.STORED, codec.DEFLATE):
            # Who made the log without zstandard may read it without, too.
            self.compression = codec.DEFLATE

    @property
    def start(self) -> dict[str, Any]:
        """What was known when the eval began; read when asked for, as it lists the ids of all samples again."""
        start = self._read_json("_journal/start.json")
        if isinstance(start, dict):
            return start
        return {key: self.header[key] for key in ("version", "eval", "plan") if key in self.header}

    def keys(self) -> Iterator[tuple[str, int]]:
        """Yield id (as text) and epoch of each sample."""
        for i in self._samples:
            parts = _SAMPLE.fullmatch(self._zip.name(i))
            if parts:
                yield parts[1].decode("utf-8", "backslashreplace"), int(parts[2])
            else:  # a name that Inspect never makes, but reads
                sample_id, epoch = read_key(self.path, self._zip.read(i), self._text_name(i))
                yield str(sample_id), epoch

    def sample_name(self, i: int) -> str:
        """Return the name of the member."""
        return self._text_name(self._samples[i])

    def read_sample(self, i: int) -> bytes:
        """Return the JSON text of sample `i`; `DamagedLogError` if it cannot be read, or is there twice."""
        text = self._zip.read(self._samples[i])
        self._check_key(i, text)
        return text

    def read_samples(self, i: int) -> list[bytes]:
        """Return the JSON texts of sample `i` and some that follow it."""
        texts = self._zip.read_many(self._zip.run(self._samples[i : i + BLOCK_SAMPLES], BLOCK_SAMPLES, BLOCK_BYTES))
        for number, text in enumerate(texts, i):
            self._check_key(number, text)
        return texts

    def reductions(self) -> Iterator[bytes] | None:
        """Yield ``reductions.json`` in pieces; None if there is none."""
        member = self._zip.find("reductions.json")
        return None if member is None else self._zip.stream(member)

    def extra_members(self) -> dict[str, bytes]:
        """Return the members that this package has no use for, such as the journal's changes of the config."""
        return {self._text_name(i): self._zip.read(i) for i in self._extra}

    def packed_members(self) -> Iterator[tuple[str, int | None, Packed]]:
        """Yield each member as it lies in the file: its name, the number of its sample (None for others), its bytes.

        Left out are those that tell of scores: the header, the reductions, the summaries, and the summaries that the
        journal has of them.
        """
        numbers = {entry: number for number, entry in enumerate(self._samples)}
        for entry in self._zip.live():
            name = self._text_name(entry)
            if name not in _OF_SCORES and not name.startswith("_journal/summaries/"):
                yield name, numbers.get(entry), self._zip.packed(entry)

    def summaries(self) -> Iterator[bytes] | None:
        """Yield ``summaries.json`` in pieces; None if there is none."""
        member = self._zip.find("summaries.json")
        return None if member is None else self._zip.stream(member)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_key(self, i: int, text: bytes) -> None:
        """Refuse a member that says under another name what another member says: it would count twice.

        Names tell samples apart, and a log that was put together by hand may have names that lie.
        """
        entry, key = self._samples[i], peek_key(text)
        if key is None:
            try:
                key = read_key(self.path, text, "")
            except SampleDecodeError:
                return  # who parses it will say what is wrong with it
        name = member_name(*key)
        if self._zip.name(entry) == name:
            return
        other = self._zip.find(name)
        if other is None:
            first = self._strays.setdefault(name, i)
            other = entry if first == i else self._samples[first]
        if other != entry:
            what = f"it is sample {key[0]!r} of epoch {key[1]}, as {self._text_name(other)!r} is"
            raise SampleDecodeError(self.path, what, self._text_name(entry))

    def _text_name(self, entry: int) -> str:
        return self._zip.name(entry).decode("utf-8", "backslashreplace")

    def _read_header(self) -> dict[str, Any]:
        header = self._read_json("header.json")
        if header is not None:
            return check_header(self.path, header, "header.json")
        # An eval that still runs, or was killed.
        start = self._read_json("_journal/start.json")
        if start is not None:
            start = check_header(self.path, start, "_journal/start.json")
            return {"version": LOG_VERSION, "status": "started", **start}
        if self._samples:
            raise DamagedLogError(self.path, "it has samples, but neither header.json nor _journal/start.json")
        raise NotALogError(self.path, "a zip, but no log: it has neither header.json nor _journal/start.json.")

    def _read_json(self, name: str) -> Any:
        member = self._zip.find(name)
        if member is None:
            return None
        try:
            return loads(self._zip.read(member))
        except JsonTextError as error:
            raise damaged_json(self.path, name, error) from error
