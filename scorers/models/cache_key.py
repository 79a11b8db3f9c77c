"""Under which key a judge's answer is kept."""

from __future__ import annotations

import hashlib
import json
import re

from .http import Request

__all__ = ["cache_key"]

VERSION = 1
"""Raised when the same request would have to be asked anew."""

_SECRET = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)


def cache_key(request: Request, epoch: int) -> str:
    """Digest everything that decides the answer: the service and its URL, the model, the whole body, and the epoch.

    Of the headers those count that carry no secret: the same question with another key has the same answer, and a
    secret should not even be in a digest.

    Parameters
    ----------
    request
        What would be sent.
    epoch
        Which repetition of the sample is scored; epochs are independent only if their judges are.

    Examples
    --------
    >>> from evalstream.scorers.models.services import endpoint_of
    >>> def key(api_key, epoch):
    ...     endpoint = endpoint_of("openai/gpt-4o", api_key=api_key)
    ...     return cache_key(Request(endpoint, {"model": "gpt-4o"}, {"authorization": api_key}), epoch)
    >>> key("one", 1) == key("another", 1), key("one", 1) == key("one", 2)
    (True, False)
    """
    headers = {name.lower(): value for name, value in request.headers.items() if not _SECRET.search(name)}
    deciding = [VERSION, request.endpoint.name, request.endpoint.url, request.body, headers, epoch]
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()
