"""The snapshots of a log's samples as the field ``sandboxes`` of their events."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from evalstream.scorers.jsontext import dumps
from evalstream.scorers.sandbox.errors import OutputLimitExceededError, SandboxError
from evalstream.scorers.sandbox.limits import most_read

from ..blobs.claim_check import ClaimCheck
from ..errors import ClaimError, UsageError
from ..events import Claim, SandboxFile, SandboxSnapshot
from .capture import captured, content
from .patterns import Patterns
from .roots import Roots, named_roots

__all__ = ["STORE", "Snapshots"]

STORE = "snapshots"
"""What claims call the folders themselves, where the publisher and the worker are one process."""

INLINE_FILE, INLINE_SAMPLE, INLINE_LIST = 4096, 64 * 1024, 256 * 1024
"""Bytes up to which a file travels in its event, all such files of a sample do, and the list of a sample's files."""


class Snapshots:
    """Captures files for the samples of one log.

    Parameters
    ----------
    roots, patterns
        What ``--sandbox-root`` and ``--sandbox-snapshot`` say.
    keys
        Ids (as text) and epochs of the samples, in the log's order.
    large
        Takes what is too large for an event; None: nothing is sent, and claims lead to the folders (`fetch`).

    Raises
    ------
    UsageError
        A folder is not there, or a pattern leads out of it.
    """

    def __init__(
        self,
        roots: Sequence[str],
        patterns: Sequence[str],
        keys: Iterable[tuple[str, int]],
        large: ClaimCheck | None = None,
    ) -> None:
        if bool(roots) != bool(patterns):
            raise UsageError(
                "A snapshot needs both: --sandbox-root FOLDER, and --sandbox-snapshot 'GLOB' for its files."
            )
        self._keys = list(keys)
        self._patterns, self._large = Patterns(patterns), large
        self._roots = {name: Roots(root, self._keys) for name, root in named_roots(roots).items()}
        self._shared: dict[str, SandboxSnapshot] = {}
        self._most = most_read()
        self.files = 0

    def of_number(self, number: int) -> bytes:
        """Print the field for a sample by its number, as claims on the folders."""
        return _printed(
            {name: SandboxSnapshot(claim=Claim(store=STORE, key=f"{number}/{name}")) for name in self._roots}
        )

    def of_sample(self, eval_id: str, sample_id: str, epoch: int) -> bytes:
        """Print the field for a sample, its files within or taken by the store of blobs.

        Raises
        ------
        UsageError
            A file cannot be read.
        BlobError
            The store does not take one.
        """
        return _printed({name: self._sent(eval_id, name, sample_id, epoch) for name in self._roots})

    def fetch(self, key: str) -> bytes:
        """Return what a claim on the folders means: ``number/name`` the list of files, ``number/name/path`` a file.

        Raises
        ------
        ClaimError
            The key means nothing.
        OSError
            The file cannot be read any more.
        """
        number, _, rest = key.partition("/")
        name, _, path = rest.partition("/")
        if not number.isdecimal() or int(number) >= len(self._keys) or name not in self._roots:
            raise ClaimError(f"There is no snapshot {key!a}.")
        root = self._roots[name].of(*self._keys[int(number)])
        if path:
            if root is None:
                raise ClaimError(f"There is no snapshot {key!a}.")
            try:
                return content(root, path, self._most)
            except (SandboxError, OutputLimitExceededError) as error:
                raise ClaimError(f"The snapshot {key!a} cannot be read: {error}") from error
        files = {} if root is None else captured(root, self._patterns)
        listed = {
            path: SandboxFile(
                size=file.size,
                executable=file.executable,
                claim=None if file.size > self._most else Claim(store=STORE, key=f"{key}/{path}"),
            )
            for path, file in files.items()
        }
        return SandboxSnapshot(files=listed).model_dump_json(exclude_defaults=True).encode()

    def _sent(self, eval_id: str, name: str, sample_id: str, epoch: int) -> SandboxSnapshot:
        roots = self._roots[name]
        if roots.shared and name in self._shared:
            return self._shared[name]
        root = roots.of(sample_id, epoch)
        made = SandboxSnapshot() if root is None else self._read(eval_id, root)
        if roots.shared:
            self._shared[name] = made
        return made

    def _read(self, eval_id: str, root: Path) -> SandboxSnapshot:
        files: dict[str, SandboxFile] = {}
        within = 0
        for path, found in captured(root, self._patterns).items():
            try:
                data = content(root, path, self._most)
            except OutputLimitExceededError:
                files[path] = SandboxFile(size=found.size, executable=found.executable)
                continue
            except OSError as error:
                raise UsageError(f"{root / path}: cannot be captured: {error}") from error
            files[path] = file = SandboxFile(size=len(data), executable=found.executable)
            if len(data) <= INLINE_FILE and within + len(data) <= INLINE_SAMPLE:
                within += len(data)
                file.text, file.base64 = _inline(data)
            else:
                file.claim = self._take(eval_id, data)
        self.files += len(files)
        made = SandboxSnapshot(files=files)
        text = made.model_dump_json(exclude_defaults=True).encode()
        # The broker may take small messages only, and the sample wants its room.
        large = len(text) > INLINE_LIST or (self._large is not None and self._large.wanted(2 * len(text)))
        return SandboxSnapshot(claim=self._take(eval_id, text)) if large else made

    def _take(self, eval_id: str, data: bytes) -> Claim:
        assert self._large is not None
        return self._large.take(eval_id, data)


def _inline(data: bytes) -> tuple[str | None, str | None]:
    try:
        return data.decode(), None
    except UnicodeDecodeError:
        return None, base64.b64encode(data).decode()


def _printed(sandboxes: Mapping[str, SandboxSnapshot]) -> bytes:
    return dumps({name: one.model_dump(exclude_defaults=True) for name, one in sandboxes.items()})
