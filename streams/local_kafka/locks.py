"""Locks on files: the system lets go of them when their holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from ..errors import BrokerError

__all__ = ["FileLock"]


class FileLock:
    """The right to something, held by one process, or shared by several.

    It belongs to the open file, not to the process: a child that inherits `fileno` holds it too, until both have closed
    theirs.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "lock"
    >>> one, other = FileLock(path), FileLock(path)
    >>> one.acquire(shared=True), other.acquire(shared=True)
    (True, True)
    >>> other.release(), other.acquire()
    (None, False)
    >>> one.release(), other.acquire()
    (None, True)
    >>> other.release()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock, unless we have it; return False if others have it and we were not to ``wait``.

        Raises
        ------
        BrokerError
            The file cannot be made, opened or locked.
        """
        if self._handle is not None:
            return True
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
            except BaseException:
                os.close(handle)
                raise
        except BlockingIOError:
            return False
        except OSError as error:
            raise BrokerError(
                f"{self.path} cannot be locked ({error.strerror or error}): choose a folder that you may write to."
            ) from error
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back, if we have it."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def fileno(self) -> int:
        """Return the descriptor that a child must inherit to hold the lock with us."""
        assert self._handle is not None
        return self._handle

    def write(self, text: str) -> None:
        """Tell those who come after us something; only its holder writes."""
        os.ftruncate(self.fileno(), 0)
        os.pwrite(self.fileno(), text.encode(), 0)

    def read(self) -> str:
        """Return what the holder wrote, "" if nothing; anybody may read."""
        try:
            return self.path.read_text("utf-8")
        except FileNotFoundError:
            return ""
