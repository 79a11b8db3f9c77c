"""Posting JSON to a service: a bounded body, a bounded time, and errors of our own tree."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any

from ..errors import ModelAnswerError, ModelCallError
from ..jsontext import JsonTextError, dumps, loads
from .connections import connections_of_loop
from .services import Endpoint

__all__ = ["Request", "post", "seconds_of"]

LONGEST_BODY = 32 * 1024 * 1024
"""Bytes of an answer, unpacked. A judge writes a few thousand."""

AGAIN = frozenset({408, 409, 429})
"""HTTP statuses, besides 500 and above, after which the same request may be answered."""

SHOWN = 300
"""Characters of an answer that an error shows."""


_USUAL_HEADERS = {
    "content-type": "application/json",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "user-agent": "evalstream",
}


@dataclass(frozen=True)
class Request:
    """A call as it is sent; ``headers`` hold the key, so that nothing shows them."""

    endpoint: Endpoint
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(repr=False)


async def post(request: Request, seconds: float) -> Any:
    """Send a request and return the answer's JSON.

    Parameters
    ----------
    request
        What is sent.
    seconds
        How long the whole call may take: to connect, and until the last byte has come.

    Raises
    ------
    ModelCallError
        No answer, or one of a status that is no success.
    ModelAnswerError
        The answer is not JSON, or too long.
    """
    import httpx  # noqa: PLC0415 - 80 ms that scorers without a model need not wait for

    name = request.endpoint.name
    try:
        status, headers, data = await asyncio.wait_for(_exchange(request), seconds)
    except (asyncio.TimeoutError, httpx.TimeoutException):
        raise ModelCallError(
            name, f"no answer from {request.endpoint.url} within {seconds:g} s", transient=True
        ) from None
    except (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL, OSError) as error:
        # Not chained: httpx's errors hold the request, and with it the key.
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        detail = f"no answer from {request.endpoint.url} ({_redacted(said, request)})"
        raise ModelCallError(name, detail, transient=not isinstance(error, httpx.InvalidURL)) from None
    if not 200 <= status < 300:
        raise _refused(request, status, headers, data)
    try:
        return loads(data)
    except JsonTextError:
        raise ModelAnswerError(name, f"the answer is not JSON: {_shown(data, request)}") from None


async def _exchange(request: Request) -> tuple[int, Mapping[str, str], bytes]:
    connections = await connections_of_loop()
    data = bytearray()
    endpoint, headers = request.endpoint, {**_USUAL_HEADERS, **request.headers}
    async with connections.post(endpoint.base_url, endpoint.url, dumps(request.body), headers) as response:
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > LONGEST_BODY:
                raise ModelAnswerError(request.endpoint.name, f"the answer is longer than {LONGEST_BODY} bytes")
    return response.status_code, response.headers, bytes(data)


def _refused(request: Request, status: int, headers: Mapping[str, str], data: bytes) -> ModelCallError:
    again = status in AGAIN or status >= 500
    detail = f"{request.endpoint.url} answered with status {status}: {_shown(data, request)}"
    if status in {401, 403}:
        detail += f" (is the key in {request.endpoint.origin} right?)"
    return ModelCallError(
        request.endpoint.name,
        detail,
        transient=again,
        status=status,
        retry_after=seconds_of(headers) if again else None,
    )


def seconds_of(headers: Mapping[str, str]) -> float | None:
    """Return for how long a service asks to wait: ``Retry-After`` in seconds or as a date, or ``retry-after-ms``.

    Examples
    --------
    >>> seconds_of({"retry-after": "1.5"}), seconds_of({"retry-after-ms": "250"}), seconds_of({"retry-after": "soon"})
    (1.5, 0.25, None)
    """
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        return seconds if 0 <= seconds < float("inf") else None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - few services ask for a date

    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time())
    except (ValueError, OverflowError):
        return None


def _shown(data: bytes, request: Request) -> str:
    text = " ".join(_redacted(data[: 4 * SHOWN].decode(errors="replace"), request).split())
    return (text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…") or "an empty body"


_KEY_LIKE = re.compile(r"\b(?:sk|gsk|rk|pk)-[\w*.-]{6,}|\bgsk_[\w*]{6,}|\bAIza[\w*-]{6,}")


def _redacted(text: str, request: Request) -> str:
    """Take the request's secrets out of a text; services quote them when they do not like them."""
    for value in request.headers.values():
        for secret in {value, value.removeprefix("Bearer ")}:
            if len(secret) > 3:
                text = text.replace(secret, "***")
    return _KEY_LIKE.sub("***", text)
