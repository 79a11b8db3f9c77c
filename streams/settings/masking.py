"""What may be shown of a value that may be secret."""

from __future__ import annotations

import re
from typing import Any

from pydantic import SecretStr

__all__ = ["MASK", "masked", "masked_url"]

MASK = "********"

# Up to the last @: a password may hold one, and a comma or slash, so to hide too much is better than to end too early.
_PASSWORD = re.compile(r"^([^:/@]*):.*@", re.DOTALL)


# In lines of KEY=VALUE, as the model's options are.
_SECRETS = re.compile(r"(?im)^(extra_headers|(?:.*[_-])?(?:key|token|secret|password|authorization))=.*$")


def masked_url(url: str) -> str:
    """Hide the password in a URL.

    Examples
    --------
    >>> masked_url("kafka://ann:se@cr/et@one:9092,two:9092")
    'kafka://ann:********@one:9092,two:9092'
    >>> masked_url("embedded:///home/me@here")
    'embedded:///home/me@here'
    """
    scheme = f"{url.partition('://')[0]}://" if "://" in url else ""
    return scheme + _PASSWORD.sub(rf"\1:{MASK}@", url.removeprefix(scheme))


def masked(value: Any) -> Any:
    r"""Hide what is secret of a setting's value.

    Examples
    --------
    >>> masked(SecretStr("secret")), masked("kafka://ann:secret@host"), masked(8), masked(None)
    ('********', 'kafka://ann:********@host', 8, None)
    >>> masked("max_tokens=9\nextra_headers={Authorization: Bearer abc}")
    'max_tokens=9\nextra_headers=********'
    """
    if isinstance(value, SecretStr):
        return MASK
    return _SECRETS.sub(rf"\1={MASK}", masked_url(value)) if isinstance(value, str) else value
