"""The id and epoch of a sample, read without parsing the rest of it."""

from __future__ import annotations

import re

import msgspec

from evalstream.scorers.jsontext import JsonTextError, loads, split_object
from evalstream.streams.errors import SampleDecodeError

__all__ = ["member_name", "peek_key", "read_key"]


class _Key(msgspec.Struct):
    id: int | str
    epoch: int


_key = msgspec.json.Decoder(_Key)
_FIRST = re.compile(rb'\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d+)\s*,\s*"epoch"\s*:\s*(\d+)\s*[,}]')


def peek_key(beginning: bytes) -> tuple[int | str, int] | None:
    """Return id and epoch if they are the first members, as Inspect writes them; else None.

    Examples
    --------
    >>> peek_key(b'{"id": 7, "epoch": 1, "inp')
    (7, 1)
    """
    first = _FIRST.match(beginning)
    if not first:
        return None
    try:
        return loads(first[1]), int(first[2])
    except (JsonTextError, ValueError):
        return None


def member_name(sample_id: int | str, epoch: int) -> bytes:
    r"""Return the name of a sample's member in a `.eval`, as it stands in the zip.

    Examples
    --------
    >>> member_name(7, 1), member_name("a\0b", 2)
    (b'samples/7_epoch_1.json', b'samples/a%00b_epoch_2.json')
    """
    # As `ZipWriter` has it: Python's zipfile, with which Inspect reads, ends a name at its first NUL.
    name = f"samples/{sample_id}_epoch_{epoch}.json".replace("\0", "%00")
    return name.encode("utf-8", "backslashreplace")


def read_key(path: str, text: bytes, name: str) -> tuple[int | str, int]:
    """Return id and epoch of the sample in `text`; `path` and `name` are for messages.

    Raises
    ------
    SampleDecodeError
        The text is no JSON object, or has no id or epoch of the right type.

    Examples
    --------
    >>> read_key("a.json", b'{"id": "x", "epoch": 2, "input": "?"}', "samples[0]")
    ('x', 2)
    """
    key = peek_key(text)
    if key:
        return key
    try:
        both = _key.decode(text)
        return both.id, both.epoch
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:  # msgspec refuses NaN
        members = split_object(text)
        sample_id, epoch = loads(members["id"]), loads(members["epoch"])
    except JsonTextError as error:
        raise SampleDecodeError(path, f"not a JSON object ({error})", name) from error
    except KeyError as error:
        raise SampleDecodeError(path, f"the sample has no {error.args[0]!r}", name) from error
    if not isinstance(sample_id, (int, str)) or isinstance(sample_id, bool) or type(epoch) is not int:
        raise SampleDecodeError(path, "the sample's id or epoch is of a wrong type", name)
    return sample_id, epoch
