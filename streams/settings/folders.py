"""Settings that name a folder, or a URL that is none on this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import UsageError
from .masking import masked_url

__all__ = ["as_folder"]


def as_folder(text: str, setting: str) -> Path | None:
    """Return the folder on this machine that a path or a file:// URL names; None if it is another URL.

    Raises
    ------
    UsageError
        It can be neither.

    Examples
    --------
    >>> as_folder("file:///data/my%20logs", "log_dir"), as_folder("s3://bucket/logs", "log_dir")
    (PosixPath('/data/my logs'), None)
    """
    if "://" in text:
        parts = urlsplit(text)
        if parts.scheme != "file":
            return None
        if parts.netloc:
            raise UsageError(f"{masked_url(text)}: write three slashes, as in file:///data/folder.")
        text = unquote(parts.path)
    if not text or "\0" in text:
        raise UsageError(f"{setting} names no folder: write a path, or a URL such as s3://bucket/folder.")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise UsageError(f"{text}: {setting} names the home of a user that is not known here.") from None
