"""Which folder is which sample's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import UsageError

__all__ = ["Roots", "named_roots"]


def named_roots(texts: Sequence[str]) -> dict[str, Path]:
    """Read ``FOLDER`` (the sandbox "default") and ``NAME=FOLDER``.

    Raises
    ------
    UsageError
        A folder is not there, or two have one name.

    Examples
    --------
    >>> named_roots(["/", "db=/tmp"])
    {'default': PosixPath('/'), 'db': PosixPath('/tmp')}
    """
    roots: dict[str, Path] = {}
    for text in texts:
        name, equals, folder = text.partition("=")
        if not equals or "/" in name or not name:
            name, folder = "default", text
        if name in roots:
            raise UsageError(f"--sandbox-root gives the sandbox {name!r} twice: name them, as in db=FOLDER.")
        if not Path(folder).is_dir():
            raise UsageError(f"--sandbox-root {text}: there is no folder {folder}.")
        roots[name] = Path(folder)
    return roots


class Roots:
    """The folders of one sandbox.

    If the root has a folder called ``<id>_epoch_<epoch>`` or ``<id>`` for any sample of the log, these are the samples'
    own folders, and a sample without one has an empty sandbox. Otherwise all samples see the root itself.

    Parameters
    ----------
    root
        The folder that was given.
    keys
        Ids (as text) and epochs of the log's samples.
    """

    def __init__(self, root: Path, keys: Iterable[tuple[str, int]]) -> None:
        self._root = root
        # By their names, and no links: an id is anybody's text, and could be "../..".
        with os.scandir(root) as entries:
            self._folders = {entry.name for entry in entries if stat.S_ISDIR(entry.stat(follow_symlinks=False).st_mode)}
        self.shared = not any(self._own(sample_id, epoch) for sample_id, epoch in keys)

    def of(self, sample_id: str, epoch: int) -> Path | None:
        """Return the folder of a sample; None if others have one and it has not."""
        if self.shared:
            return self._root
        name = self._own(sample_id, epoch)
        return None if name is None else self._root / name

    def _own(self, sample_id: str, epoch: int) -> str | None:
        names = (f"{sample_id}_epoch_{epoch}", sample_id)
        return next((name for name in names if name in self._folders), None)
