"""Which files of a folder are captured: paths and globs."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ..errors import UsageError

__all__ = ["Patterns"]


class Patterns:
    """Paths and globs, relative to a sandbox's folder; ``**`` stands for any number of folders.

    Raises
    ------
    UsageError
        One of them is absolute, or leads out of the folder.

    Examples
    --------
    >>> patterns = Patterns(["**/*.txt", "out/report.json"])
    >>> [patterns.match(path.split("/")) for path in ("a.txt", "b/c/d.txt", "out/report.json", "report.json")]
    [True, True, True, False]
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._patterns = [_parts(text) for text in texts]

    def match(self, path: Sequence[str]) -> bool:
        """Tell whether one of the patterns fits the parts of a path."""
        return any(_fits(pattern, path) for pattern in self._patterns)


def _parts(text: str) -> list[str]:
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or ".." in parts or "\0" in text or not parts:
        raise UsageError(
            f"--sandbox-snapshot {text}: give a path or glob from the sandbox's folder, as in '**/*.txt' or"
            " out/report.json, that does not lead out of it."
        )
    return parts


def _fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    # The places of the path at which what is left of the pattern may begin: no recursion, so many ** cost little.
    places = {0}
    for part in pattern:
        if part == "**":
            places = set(range(min(places), len(path) + 1)) if places else places
        else:
            places = {at + 1 for at in places if at < len(path) and fnmatchcase(path[at], part)}
    return len(path) in places
