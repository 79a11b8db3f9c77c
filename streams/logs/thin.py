"""Shorten the texts in a sample's summary to the lengths that Inspect uses; short ones, nearly all, are not parsed."""

from __future__ import annotations

import re
import textwrap
from typing import Any

from pydantic_core import to_json

from evalstream.scorers.jsontext import dumps, join_array, join_object, loads, split_array, split_object

__all__ = ["PLAIN", "thin_input", "thin_mapping", "thin_target", "thin_text"]

LONG, SHORT = 5120, 1024
CONSIDERED = 8 * SHORT
"""Characters of a text that are looked at: of more, only white space could still matter."""

PLAIN = rb'"(?:[!#-\[\]-~]+(?: [!#-\[\]-~]+)*)?"'
"""A string of ASCII words with single spaces between, nothing escaped: shortening leaves it alone if it is short."""

REMOVED = b'"Key removed from summary (> 1k)"'

_plain = re.compile(PLAIN)
_scalar = rb"(?:%s|-?[0-9.eE+-]+|true|false|null)" % PLAIN
_flat = re.compile(rb'\{(?:"[^"\\]*":%s(?:,(?!\})|(?=\})))*\}' % _scalar)


def thin_text(text: bytes) -> bytes:
    r"""Shorten a JSON string to 1,024 characters at a word's end; runs of white space become single spaces.

    Examples
    --------
    >>> thin_text(b'"two\\n  words"')
    b'"two words"'
    >>> thin_text(b'"' + b"x" * 2000 + b'"')
    b'"..."'
    """
    if len(text) <= SHORT + 2 and _plain.fullmatch(text):
        return text
    value = loads(text)
    if not isinstance(value, str):
        return text
    words = " ".join(value[:CONSIDERED].split())
    if len(words) > SHORT:
        # What lies behind the first space past the limit cannot change where the cut is, and would cost time.
        end = words.find(" ", SHORT + 1)
        words = textwrap.shorten(words if end < 0 else words[:end], SHORT, placeholder="...")
    return dumps(words)


def thin_mapping(text: bytes) -> bytes:
    """Shorten the values of a JSON object: strings as `thin_text`, others are replaced if they print to more than 1k.

    Examples
    --------
    >>> thin_mapping(b'{"a": 1.50, "b": " x", "c": [1, null]}')
    b'{"a":1.50,"b":"x","c":[1, null]}'
    """
    if len(text) <= SHORT and _flat.fullmatch(text):
        return text
    members = split_object(text)
    for key, value in members.items():
        first = value[:1]
        if first == b'"':
            members[key] = thin_text(value)
        elif first in (b"{", b"[") and _printed_size(value) > SHORT:
            members[key] = REMOVED
    return join_object(members)


def thin_target(text: bytes) -> bytes:
    """Shorten a target, a string or a list of strings, to 5,120 characters each."""
    if len(text) <= LONG:
        return text
    value = loads(text)
    if isinstance(value, list):
        return dumps([_truncate(part) if isinstance(part, str) else part for part in value])
    return dumps(_truncate(value)) if isinstance(value, str) else text


def thin_input(text: bytes) -> bytes:
    """Shorten an input, a string or a list of messages; what is not text becomes its kind in brackets: "(Image)".

    Examples
    --------
    >>> thin_input(b'[{"role":"user","content":[{"type":"image","image":"data:..."}]}]').decode()
    '[{"role":"user","content":[{"type":"text","text":"(Image)"}]}]'
    """
    if len(text) <= LONG and (text[:1] == b'"' or b'"type"' not in text):
        return text
    if text[:1] == b'"':
        return dumps(_truncate(loads(text)))
    return join_array(_thin_message(message) for message in split_array(text))


def _thin_message(text: bytes) -> bytes:
    message = split_object(text)
    content = message.get("content", b"null")
    if content[:1] == b'"':
        if len(content) <= LONG:
            return text
        message["content"] = dumps(_truncate(loads(content)))
    elif content[:1] == b"[":
        parts = split_array(content)
        thinned = [_thin_part(part) for part in parts]
        if thinned == parts:
            return text
        message["content"] = join_array(thinned)
    return join_object(message)


def _thin_part(text: bytes) -> bytes:
    part: Any = split_object(text)
    kind = loads(part.get("type", b'"text"'))
    if kind != "text":
        return dumps({"type": "text", "text": f"({str(kind).capitalize()})"})
    words = loads(part.get("text", b'""'))
    short = _truncate(words)
    if short == words:
        return text
    kept = {"type": b'"text"', "text": dumps(short)}
    kept.update((key, part[key]) for key in ("refusal", "citations") if part.get(key, b"null") != b"null")
    return join_object(kept)


def _truncate(text: str) -> str:
    return text if len(text) <= LONG else text[:LONG] + "...\n(content truncated)"


def _printed_size(text: bytes) -> int:
    """Return the characters of a value as Inspect measures it: printed with an indent of two."""
    if len(text) > 16 * SHORT:  # more white space than that between the parts is nothing that anybody prints
        return len(text)
    try:
        return len(to_json(loads(text), indent=2).decode())
    except ValueError:  # lone surrogates
        return len(text)
