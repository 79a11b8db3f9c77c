"""The bytes of a blob: one zstandard frame that says how large its content is."""

from __future__ import annotations

import hashlib

import zstandard

from .place import UnfitBlobError

__all__ = ["MOST_BODY", "most_packed", "pack", "unpack"]

MOST_BODY = 1024 * 1024 * 1024
"""Bytes of a body. A few kilobytes of zstandard can become terabytes: what is unpacked must have a bound."""

LEVEL = 3


def most_packed(most: int) -> int:
    """Return the bytes that a blob of a body of so many bytes may have: what cannot be compressed grows a little."""
    return most + most // 128 + 1024


def pack(body: bytes) -> bytes:
    """Compress a body.

    Examples
    --------
    >>> import hashlib
    >>> unpack(pack(b"{}"), hashlib.sha256(b"{}").hexdigest())
    b'{}'
    """
    return zstandard.ZstdCompressor(level=LEVEL).compress(body)


def unpack(data: bytes, sha256: str, most: int = MOST_BODY) -> bytes:
    """Return the body of which `data` is made.

    Parameters
    ----------
    data
        A blob.
    sha256
        The body's digest, in hex.
    most
        Bytes that the body may have.

    Raises
    ------
    UnfitBlobError
        It is no such blob; the message says in which way.
    """
    try:
        size = zstandard.frame_content_size(data)
        if size < 0:
            raise UnfitBlobError("it does not say how large its content is")
        if size > most:
            raise UnfitBlobError(f"its content would have {size} bytes, more than {most}")
        body = zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False) if size else b""
    except zstandard.ZstdError as error:
        raise UnfitBlobError(f"it is damaged ({error})") from error
    if hashlib.sha256(body).hexdigest() != sha256:
        raise UnfitBlobError("its content is not what its name says")
    return body
