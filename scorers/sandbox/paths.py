"""Paths that cannot leave their folder."""

from __future__ import annotations

import posixpath

from .errors import SandboxError

__all__ = ["checked", "inside"]

LONGEST_PATH, LONGEST_NAME = 4096, 255


def checked(path: str) -> tuple[str, ...]:
    """Return the parts of a path as a snapshot names it; events are untrusted, so every way out is refused.

    Raises
    ------
    SandboxError
        The path is absolute, or has an empty part, ``.`` or ``..``, or could not be a file's name.

    Examples
    --------
    >>> checked("src/main.py")
    ('src', 'main.py')
    >>> checked("../secret")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    evalstream.scorers.sandbox.errors.SandboxError: The snapshot names a file '../secret', which...
    """
    parts = tuple(path.split("/"))
    if any(not _is_name(part) for part in parts) or len(_encoded(path)) > LONGEST_PATH:
        shown = path if len(path) <= 120 else path[:120] + "…"
        raise SandboxError(f"The snapshot names a file {shown!r}, which is no path inside a folder.")
    return parts


def inside(path: str) -> tuple[str, ...]:
    """Return the parts of a path that a scorer names, as seen from the sandbox's folder; that folder itself has none.

    A path that begins with ``/`` begins at that folder, too.

    Raises
    ------
    FileNotFoundError
        The path leads out of the folder, or could not be a file's name.

    Examples
    --------
    >>> inside("./a/../b.txt"), inside("/b.txt"), inside(".")
    (('b.txt',), ('b.txt',), ())
    """
    normal = posixpath.normpath(path.lstrip("/")) if path.strip("/") else "."
    if normal == ".":
        return ()
    parts = tuple(normal.split("/"))
    if not all(_is_name(part) for part in parts):
        raise FileNotFoundError(f"There is no {path!r} in the sandbox: the path leads out of its folder.")
    return parts


def _is_name(part: str) -> bool:
    return (
        part not in ("", ".", "..") and "\0" not in part and "/" not in part and 0 < len(_encoded(part)) <= LONGEST_NAME
    )


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b"\0" * (LONGEST_PATH + 1)
