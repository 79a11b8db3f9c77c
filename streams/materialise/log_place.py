"""Where a worker's logs go: a folder, or any place that fsspec has a file system for."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import secrets
import tempfile
from pathlib import Path
from typing import Any, Protocol

from ..errors import LogWriteError
from ..remote import RemoteFolder, reason_of

__all__ = ["LogFolder", "LogPlace", "RemoteLogs", "log_place"]

# A log appears there with the end of its upload, whole or not at all. Elsewhere it is written beside, and renamed.
_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss"})


class LogPlace(Protocol):
    """Takes logs by their names."""

    @property
    def name(self) -> str:
        """What people call it."""

    def path_of(self, name: str) -> Path:
        """Return the path at which a log is to be written."""

    def deliver(self, path: Path) -> str:
        """Bring a log that was written there to where it is wanted; return its location.

        Raises
        ------
        LogWriteError
            That failed; what was there before is there still.
        """

    def close(self) -> None:
        """Remove what has not been delivered."""


def log_place(log_dir: Path | str) -> LogPlace:
    """Return the place that the setting ``log_dir`` means.

    Raises
    ------
    UsageError
        It is a URL that nothing here can open.
    """
    return LogFolder(log_dir) if isinstance(log_dir, Path) else RemoteLogs(log_dir)


class LogFolder:
    """A folder on this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        return str(self._folder)

    def path_of(self, name: str) -> Path:
        return self._folder / name

    def deliver(self, path: Path) -> str:
        return str(path)

    def close(self) -> None:
        """Do nothing."""


class RemoteLogs:
    """A folder at an fsspec URL. Logs are written on this machine first: a zip is not written front to back.

    Examples
    --------
    >>> place = RemoteLogs("memory://doctest/logs")
    >>> path = place.path_of("a.eval")
    >>> _ = path.write_bytes(b"log")
    >>> place.deliver(path), path.exists()
    ('memory://doctest/logs/a.eval', False)
    """

    def __init__(self, url: str) -> None:
        self._folder = RemoteFolder(url, "log_dir")
        self._spool = tempfile.TemporaryDirectory(prefix="evalstream-logs-")

    @property
    def name(self) -> str:
        return self._folder.name

    def path_of(self, name: str) -> Path:
        return Path(self._spool.name, name)

    def deliver(self, path: Path) -> str:
        location = f"{self.name}/{path.name}"
        try:
            fs, root = self._folder.open()
            if self._folder.protocol in _WHOLE:
                fs.put_file(str(path), f"{root}/{path.name}")
            else:
                _put_beside(fs, root, path)
        except Exception as error:  # noqa: BLE001 (a file system of fsspec may raise anything)
            number = error.errno if isinstance(error, OSError) and error.errno else errno.EIO
            # Not itself as the cause, which would be printed with it: it may hold a signed URL.
            raise LogWriteError(location, OSError(number, reason_of(error))) from None
        if path.parent == Path(self._spool.name):
            path.unlink()
        return location

    def close(self) -> None:
        self._spool.cleanup()


def _put_beside(fs: Any, root: str, path: Path) -> None:
    fs.makedirs(root, exist_ok=True)
    # Of one log each worker has its own: one that is frozen in an upload must not write into another's.
    ours = f".evalstream-{hashlib.sha256(path.name.encode()).hexdigest()[:16]}"
    partial, wanted = f"{root}/{ours}-{secrets.token_hex(4)}.partial", f"{root}/{path.name}"
    fs.put_file(str(path), partial)
    fs.invalidate_cache()
    try:
        fs.mv(partial, wanted)
    except Exception:
        if not fs.exists(wanted):
            raise
        fs.rm_file(wanted)
        fs.mv(partial, wanted)
    # What workers left that died in an upload of this log.
    fs.invalidate_cache()
    for left in fs.ls(root, detail=False):
        if str(left).rpartition("/")[2].startswith(ours):
            with contextlib.suppress(FileNotFoundError):
                fs.rm_file(left)
