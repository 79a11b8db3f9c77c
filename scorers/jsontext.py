"""JSON as Inspect writes it: parsing, printing, and cutting a text into its top-level members without parsing them.

Inspect's files hold NaN and Infinity, which strict parsers refuse. Each function tries msgspec (strict, fast) first and
falls back to the standard library's parser, which takes them. Cutting keeps the members' own text, so that what scoring
does not touch is written back letter for letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

__all__ = [
    "CutObject",
    "JsonTextError",
    "cut_object",
    "dumps",
    "join_array",
    "join_object",
    "loads",
    "split_array",
    "split_object",
]


class JsonTextError(ValueError):
    """The text is not JSON, or not of the kind (object, array) that was asked for; the message says where."""


_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_elements = msgspec.json.Decoder(list[msgspec.Raw])
_anything = msgspec.json.Decoder()
_scan = json.JSONDecoder()
_print = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # json.dumps makes an encoder per call
_WHITESPACE = " \t\n\r"


def loads(data: bytes | str) -> Any:
    """Parse JSON, NaN and Infinity included.

    Raises
    ------
    JsonTextError
        The text is not JSON (in UTF-8, if bytes), or nested too deeply.

    Examples
    --------
    >>> loads(b'{"a": [1, NaN]}')
    {'a': [1, nan]}
    """
    try:
        return _anything.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _slowly(data, json.loads)


def dumps(value: Any) -> bytes:
    """Print compact JSON in UTF-8; NaN and Infinity become the bare words that Inspect reads.

    Lone surrogates, which UTF-8 has no form for, are escaped.

    Examples
    --------
    >>> dumps({"é": [float("nan"), 1.0, None]}).decode()
    '{"é":[NaN,1.0,null]}'
    """
    try:
        return _print(value).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def split_object(data: bytes) -> dict[str, bytes]:
    """Cut an object into its members: key to the value's own text, in the text's order (of a repeated key the last).

    Raises
    ------
    JsonTextError
        The text is not one JSON object.

    Examples
    --------
    >>> split_object(b'{"a": {"b": NaN}, "c": 1.50}')
    {'a': b'{"b": NaN}', 'c': b'1.50'}
    """
    try:
        if not data.isascii():
            data.decode()  # msgspec checks the bytes of what it parses, and this does not parse the values
        members = _members.decode(data)
        return dict(zip(members, map(bytes, members.values()), strict=True))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return dict(_slowly(data, lambda text: list(_cut_object(text))))


class CutObject(Mapping[str, bytes]):
    """The members of an object as `split_object` gives them, each copied out of the text when it is first asked for.

    Made by `cut_object`. Half the time of `split_object` where few members are looked at.
    """

    __slots__ = ("_members",)

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def __getitem__(self, key: str) -> bytes:
        text = self._members[key]
        if text.__class__ is not bytes:
            text = self._members[key] = bytes(text)
        return text

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self._members else default

    def __contains__(self, key: object) -> bool:
        return key in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def first(self, key: str) -> int:
        """Return the first byte of a member that is there; the member is not copied."""
        return memoryview(self._members[key])[0]

    def without(self, key: str) -> CutObject:
        """Return the members but one."""
        rest = dict(self._members)
        rest.pop(key, None)
        return CutObject(rest)


def cut_object(data: bytes | msgspec.Raw) -> CutObject:
    """Cut an object into its members, for a look at a few of them; the same members and errors as `split_object`.

    A `msgspec.Raw` is a part of a text that is known to be UTF-8.

    Examples
    --------
    >>> sample = cut_object(b'{"id": 1, "events": [], "target": "a"}')
    >>> sample["target"], sample.get("scores"), list(sample.without("id"))
    (b'"a"', None, ['events', 'target'])
    """
    try:
        if isinstance(data, bytes) and not data.isascii():
            data.decode()
        return CutObject(_members.decode(data))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return CutObject(split_object(bytes(data)))


def split_array(data: bytes) -> list[bytes]:
    """Cut an array into the own texts of its elements.

    Raises
    ------
    JsonTextError
        The text is not one JSON array.

    Examples
    --------
    >>> split_array(b'[1, "a", [NaN]]')
    [b'1', b'"a"', b'[NaN]']
    """
    try:
        if not data.isascii():
            data.decode()
        return [bytes(raw) for raw in _elements.decode(data)]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return list(_slowly(data, lambda text: list(_cut_array(text))))


def join_object(members: Mapping[str, bytes]) -> bytes:
    """Put members back together, the inverse of `split_object`.

    Examples
    --------
    >>> join_object({"a": b"1", "b": b"[NaN]"})
    b'{"a":1,"b":[NaN]}'
    """
    return b"{" + b",".join([_name(key) + text for key, text in members.items()]) + b"}"


def join_array(elements: Iterable[bytes]) -> bytes:
    """Put elements back together, the inverse of `split_array`."""
    return b"[" + b",".join(elements) + b"]"


@lru_cache(1024)  # samples have the same members, ever again
def _name(key: str) -> bytes:
    return dumps(key) + b":"


def _slowly(data: bytes | str, parse: Any) -> Any:
    try:
        text = data if isinstance(data, str) else data.decode()
        return parse(text)
    except UnicodeDecodeError as error:
        raise JsonTextError(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise JsonTextError(f"{error.msg} at character {error.pos}") from error
    except RecursionError as error:
        raise JsonTextError("nested too deeply") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise JsonTextError(str(error)) from error


def _cut_object(text: str) -> Iterable[tuple[str, bytes]]:
    position = _expect(text, _skip(text, 0), "{")
    if text[position : position + 1] == "}":
        _end(text, position + 1)
        return
    while True:
        if text[position : position + 1] != '"':
            raise json.JSONDecodeError("Expecting a member's name", text, position)
        key, position = _scan.raw_decode(text, position)
        start = _expect(text, _skip(text, position), ":")
        _, end = _scan.raw_decode(text, start)
        yield key, text[start:end].encode()
        position = _skip(text, end)
        if text[position : position + 1] == "}":
            _end(text, position + 1)
            return
        position = _expect(text, position, ",")


def _cut_array(text: str) -> Iterable[bytes]:
    position = _expect(text, _skip(text, 0), "[")
    if text[position : position + 1] == "]":
        _end(text, position + 1)
        return
    while True:
        _, end = _scan.raw_decode(text, position)
        yield text[position:end].encode()
        position = _skip(text, end)
        if text[position : position + 1] == "]":
            _end(text, position + 1)
            return
        position = _expect(text, position, ",")


def _skip(text: str, position: int) -> int:
    while text[position : position + 1] in _WHITESPACE and position < len(text):
        position += 1
    return position


def _expect(text: str, position: int, character: str) -> int:
    if text[position : position + 1] != character:
        raise json.JSONDecodeError(f"Expecting {character!r}", text, position)
    return _skip(text, position + 1)


def _end(text: str, position: int) -> None:
    if _skip(text, position) != len(text):
        raise json.JSONDecodeError("Extra data", text, position)
