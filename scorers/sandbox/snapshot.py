"""A snapshot: files as they were when a log was published."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .errors import OutputLimitExceededError, SandboxError
from .limits import in_words, most_read
from .paths import checked, inside

__all__ = ["Snapshot", "SnapshotFile"]


@dataclass(frozen=True)
class SnapshotFile:
    """One file.

    Attributes
    ----------
    size
        Bytes.
    load
        Returns its content, which may take a while; None if it was too large to be captured.
    executable
        Whether it may be run.
    """

    size: int
    load: Callable[[], bytes] | None
    executable: bool = False

    def content(self) -> bytes:
        """Return the content.

        Raises
        ------
        OutputLimitExceededError
            The file is too large.
        SandboxError
            The content is not of the size that the snapshot says.
        """
        limit = most_read()
        if self.size > limit or self.load is None:
            raise OutputLimitExceededError(in_words(limit if self.size > limit else self.size))
        data = self.load()
        if len(data) != self.size:
            raise SandboxError(f"A file of the snapshot has {len(data)} bytes, and not {self.size} as it should.")
        return data


@dataclass(frozen=True)
class Snapshot:
    """The files of one sandbox, by their path from its folder, with ``/`` between the parts.

    Raises
    ------
    SandboxError
        A path leads out of the folder, or is that of a file and of a folder at once.

    Examples
    --------
    >>> snapshot = Snapshot({"src/a.txt": SnapshotFile(2, lambda: b"hi")})
    >>> snapshot.find("./src/a.txt").content()
    b'hi'
    >>> snapshot.find("src")
    Traceback (most recent call last):
    ...
    IsADirectoryError: 'src' is a folder of the sandbox.
    """

    files: Mapping[str, SnapshotFile]
    _folders: frozenset[tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        folders: set[tuple[str, ...]] = {()}
        for path in self.files:
            parts = checked(path)
            folders.update(parts[:count] for count in range(1, len(parts)))
        for path in self.files:
            if tuple(path.split("/")) in folders:
                raise SandboxError(f"The snapshot has {path!r} as a file and as a folder.")
        object.__setattr__(self, "_folders", frozenset(folders))

    def find(self, path: str) -> SnapshotFile:
        """Return the file at a path that a scorer names.

        Raises
        ------
        FileNotFoundError, IsADirectoryError
            There is none, or a folder.
        """
        parts = inside(path)
        file = self.files.get("/".join(parts))
        if file is not None:
            return file
        if parts in self._folders:
            raise IsADirectoryError(f"{path!r} is a folder of the sandbox.")
        raise FileNotFoundError(
            f"There is no file {path!r} in the sandbox's snapshot of {len(self.files)} files: was it captured by"
            " --sandbox-snapshot?"
        )
