"""A text, such as a template, by itself, by its file, or by its URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from ..untrusted import came_by_event

__all__ = ["resource", "template_text"]

LARGEST = 1024 * 1024
"""Bytes of a template."""

FETCH_SECONDS = 30.0

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def template_text(template: str) -> str:
    """Return a template's text; what is the path of a file, or a URL, is read.

    Options that came by an event, or that a log holds, are never opened or fetched: such a template is text.

    Raises
    ------
    ValueError
        It cannot be read, is too long, or looks like a path or URL and came by an event.

    Examples
    --------
    >>> template_text("Is {answer} right?")
    'Is {answer} right?'
    """
    if not isinstance(template, str):
        raise ValueError(f"a template is text, not {type(template).__name__}")
    if came_by_event(template):
        if "{" not in template:
            raise ValueError(
                "its template holds no field such as {question}. A file or URL is read only for who starts the scoring:"
                " give it on the command line, as in --scorer model_graded_qa -S template=FILE"
            )
        return template
    if "{" in template or "\n" in template:  # a template, and no path that anybody has
        return template
    if template.startswith(("http://", "https://")):
        return _fetched(template)
    if "://" in template:
        return _opened(template)
    try:
        path = Path(template)
        if path.is_file():
            return _limited(path.read_bytes(), template)
    except (OSError, ValueError) as error:
        raise ValueError(f"the template {template[:200]!r} cannot be read: {error}") from error
    if path.suffix and " " not in template:
        raise ValueError(
            f"there is no template file {template!r}, and it is no template either: it holds no {{question}}"
        )
    return template


def resource(resource: str, type: Literal["auto", "file"] = "auto") -> str:
    """Return a text, or what is in the file or at the URL that it names; as ``inspect_ai.util.resource``.

    Parameters
    ----------
    resource
        A text, the path of a file, or a URL (``https://``, or any that fsspec reads).
    type
        "auto": what names no file and no URL is the text itself. "file": it names one.

    Raises
    ------
    ValueError
        It cannot be read, or is longer than 1 MiB; or it came by an event or stands in a log, and names a file or URL.

    Examples
    --------
    >>> resource("Grade with C or I.")
    'Grade with C or I.'
    """
    url = _URL.fullmatch(resource) is not None
    if type != "file" and not url and not _is_file(resource):
        return resource
    if came_by_event(resource):
        raise ValueError(
            f"{_shown(resource)[:120]!r} names a file or a URL, and came by an event or stands in a log: give it on the"
            " command line, as in --scorer FILE -S KEY=VALUE"
        )
    if resource.startswith(("http://", "https://")):
        return _fetched(resource)
    if url:
        return _opened(resource)
    try:
        return _limited(Path(resource).read_bytes(), resource)
    except OSError as error:
        raise ValueError(f"the file {resource[:200]!r} cannot be read: {error.strerror}") from error


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a path, a NUL in it
        return False


def _fetched(url: str) -> str:
    import httpx  # noqa: PLC0415 - few templates come from afar

    try:
        with httpx.stream("GET", url, timeout=FETCH_SECONDS, follow_redirects=True) as response:
            response.raise_for_status()
            data = bytearray()
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > LARGEST:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(f"the template at {_shown(url)} cannot be fetched: {type(error).__name__}") from None
    return _limited(bytes(data), _shown(url))


def _opened(url: str) -> str:
    import fsspec  # noqa: PLC0415 - as above

    try:
        with fsspec.open(url, "rb") as file:
            return _limited(file.read(LARGEST + 1), _shown(url))
    except (OSError, ValueError, ImportError) as error:
        raise ValueError(f"the template at {_shown(url)} cannot be read: {error}") from error


def _limited(data: bytes, where: str) -> str:
    if len(data) > LARGEST:
        raise ValueError(f"the template {where} is longer than {LARGEST} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the template {where} is not UTF-8 text") from None


def _shown(url: str) -> str:
    """Return a URL without what may be secret: user, password and query."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    host, slash, path = rest.partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
