"""Further members of an .eval file on their way through an event: text as it is, other bytes in base64."""

from __future__ import annotations

import base64
from collections.abc import Mapping

__all__ = ["pack_members", "unpack_members"]

_BASE64 = "base64:"
_OF_EVERY_LOG = frozenset({"header.json", "summaries.json", "reductions.json", "_journal/start.json"})


def pack_members(members: Mapping[str, bytes]) -> dict[str, str]:
    r"""Turn members into JSON strings.

    Examples
    --------
    >>> packed = pack_members({"a.json": b"{}", "b.bin": bytes([0xff])})
    >>> packed, unpack_members(packed)
    ({'a.json': '{}', 'b.bin': 'base64:/w=='}, {'a.json': b'{}', 'b.bin': b'\xff'})
    """
    packed = {}
    for name, data in members.items():
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = _BASE64
        packed[name] = _BASE64 + base64.b64encode(data).decode() if text.startswith(_BASE64) else text
    return packed


def unpack_members(packed: Mapping[str, str]) -> dict[str, bytes]:
    """Undo `pack_members`; what has the name of a member that every log has is left out, events being untrusted."""
    return {
        name: base64.b64decode(text[len(_BASE64) :]) if text.startswith(_BASE64) else text.encode(errors="replace")
        for name, text in packed.items()
        if name not in _OF_EVERY_LOG and not name.startswith(("samples/", "_journal/summaries/"))
    }
