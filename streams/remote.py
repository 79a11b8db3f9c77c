"""Folders at an fsspec URL: S3, GCS, Azure, SFTP, or whatever else there is a package for."""

from __future__ import annotations

import os
import threading
from typing import Any

from .errors import UsageError
from .settings.masking import masked_url

__all__ = ["RemoteFolder", "reason_of"]


class RemoteFolder:
    """A folder at a URL. The connection is made when it is first needed.

    Parameters
    ----------
    url
        Any that fsspec has a file system for. Credentials are that file system's affair: its own variables and files.
    setting
        The setting that names it, for messages.

    Raises
    ------
    UsageError
        There is no file system for it, or its package is missing.

    Examples
    --------
    >>> folder = RemoteFolder("memory://doctest/logs", "log_dir")
    >>> folder.name, folder.open()[1]
    ('memory://doctest/logs', '/doctest/logs')
    """

    def __init__(self, url: str, setting: str) -> None:
        # Not at the top: a folder on this machine needs none of it.
        import fsspec  # noqa: PLC0415

        self._url = url
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None
        self.protocol: str = fsspec.utils.get_protocol(url)
        what = f"The {setting.replace('_', ' ')} {self.name}"
        try:
            fsspec.get_filesystem_class(self.protocol)
        except ImportError as error:
            raise UsageError(
                f"{what} needs a package that is not installed: {error}. Install it here, in"
                f" every worker's and publisher's environment, or set {setting} to a folder."
            ) from error
        except ValueError as error:
            raise UsageError(
                f"{what} has a protocol that fsspec does not know: set {setting} to a folder, or to a"
                " URL such as s3://bucket/folder."
            ) from error

    @property
    def name(self) -> str:
        """The URL as it may be shown: a query may hold a signature."""
        return masked_url(self._url).partition("?")[0].rstrip("/")

    def open(self) -> tuple[Any, str]:
        """Return the file system and the folder's path in it; raises whatever its library does."""
        with self._lock:
            if self._opened is None:
                from fsspec.core import url_to_fs  # noqa: PLC0415

                fs, root = url_to_fs(self._url)
                self._opened = fs, root.rstrip("/")
            return self._opened


def reason_of(error: Exception) -> str:
    """Say why a file system failed, without its own words: they may hold a signed URL."""
    if isinstance(error, OSError) and error.errno is not None:
        return os.strerror(error.errno)
    return type(error).__name__
