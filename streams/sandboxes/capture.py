"""Reading what is captured of a folder, without ever leaving it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from evalstream.scorers.sandbox.paths import checked
from evalstream.scorers.sandbox.workspace import read_beneath

from ..errors import UsageError
from .patterns import Patterns

__all__ = ["MOST_FILES", "Found", "captured", "content"]

MOST_FILES = 10_000
"""Files in the snapshot of one sample; whoever has more meant another pattern."""


class Found(NamedTuple):
    """A file that a pattern fits: its size in bytes, and whether it may be run."""

    size: int
    executable: bool


def captured(root: Path, patterns: Patterns) -> dict[str, Found]:
    """Return the plain files of a folder that the patterns fit, by path, sorted.

    Links (to files and to folders), devices, pipes and sockets are passed over: what ran in the sandbox may have left
    a link to any file of this machine.

    Raises
    ------
    UsageError
        There are too many, or a name is no UTF-8.
    """
    found: dict[str, Found] = {}
    for folder, _, names, handle in os.fwalk(root, follow_symlinks=False):
        above = Path(folder).relative_to(root).parts
        for name in names:
            parts = (*above, name)
            if not patterns.match(parts):
                continue
            try:
                kind = os.stat(name, dir_fd=handle, follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(kind.st_mode):
                found[_named(root, parts)] = Found(kind.st_size, bool(kind.st_mode & stat.S_IXUSR))
        if len(found) > MOST_FILES:
            raise UsageError(f"{root}: --sandbox-snapshot fits more than {MOST_FILES} files; name fewer.")
    return dict(sorted(found.items()))


def content(root: Path, path: str, most: int) -> bytes:
    """Return the content of a file that was found.

    Raises
    ------
    OSError, OutputLimitExceededError, SandboxError
        It is no longer such a file: gone, a link by now, or larger than ``most``.
    """
    return read_beneath(root, checked(path), most)


def _named(root: Path, parts: tuple[str, ...]) -> str:
    path = "/".join(parts)
    try:
        path.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{root}: the name of {path!a} is no UTF-8, so no event can hold it; rename it.") from None
    return path
