"""Notice that a file changed while it was read."""

from __future__ import annotations

import os

from evalstream.streams.errors import LogChangedError

__all__ = ["FileStamp"]


class FileStamp:
    """The state of an open file and its path when the stamp was made: which file, how long, when last written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     stamp = FileStamp(file.fileno(), file.name)
    ...     stamp.check()
    ...     _ = file.write(b"more"); file.flush()
    ...     stamp.changed()
    True
    """

    def __init__(self, fd: int, path: str) -> None:
        self._path = path
        self.identity = _identity(os.fstat(fd))

    def changed(self) -> bool:
        """Tell whether the path now holds another file, or the file other content."""
        try:
            return _identity(os.stat(self._path)) != self.identity  # noqa: PTH116
        except OSError:
            return True

    def check(self) -> None:
        """Raise `LogChangedError` if it changed.

        What was read until then may come from both states of the file. To be called before a new log is committed.
        """
        if self.changed():
            raise LogChangedError(self._path)


def _identity(state: os.stat_result) -> tuple[int, int, int, int]:
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
