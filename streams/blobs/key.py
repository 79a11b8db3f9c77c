"""What a blob is called: a name that follows from the eval and the content, and that cannot leave its folder."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from ..errors import ClaimError

__all__ = ["BlobKey", "eval_digest"]

EVAL_DIGITS = 32
SHOWN = 120
"""Characters of a wrong key in a message: events are untrusted, and a key may be as large as a message."""

_PATTERN = re.compile(rf"([0-9a-f]{{{EVAL_DIGITS}}})/([0-9a-f]{{64}})\.zst")


def eval_digest(eval_id: str) -> str:
    """Return the folder of an eval's blobs: ids are anybody's text, and some could not be a file's name.

    Examples
    --------
    >>> eval_digest("../../etc")
    '74ccf3c5b4c19a8167f9a3d1dd63e0e4'
    """
    # As events print it: half of a surrogate pair is its escape.
    return hashlib.sha256(eval_id.encode(errors="backslashreplace")).hexdigest()[:EVAL_DIGITS]


class BlobKey(NamedTuple):
    """Which eval a blob belongs to, and the SHA-256 of its content before packing.

    Examples
    --------
    >>> key = BlobKey.of("my eval", b"{}")
    >>> BlobKey.parse(str(key)) == key
    True
    """

    eval: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.eval}/{self.sha256}.zst"

    @classmethod
    def of(cls, eval_id: str, body: bytes) -> BlobKey:
        """Name a body: the same one, published again, is the same blob."""
        return cls(eval_digest(eval_id), hashlib.sha256(body).hexdigest())

    @classmethod
    def parse(cls, text: str) -> BlobKey:
        """Read a key that an event names.

        Raises
        ------
        ClaimError
            It has not exactly the form of ours.

        Examples
        --------
        >>> BlobKey.parse("../../etc/passwd")
        Traceback (most recent call last):
        ...
        evalstream.streams.errors.ClaimError: The event claims the blob '../../etc/passwd', which is no name of a blob.
        """
        found = _PATTERN.fullmatch(text)
        if found is None:
            shown = ascii(text if len(text) <= SHOWN else text[:SHOWN]) + ("…" if len(text) > SHOWN else "")
            raise ClaimError(f"The event claims the blob {shown}, which is no name of a blob.")
        return cls(*found.groups())
