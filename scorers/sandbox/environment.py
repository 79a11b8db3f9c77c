"""One sandbox of one sample, as a scorer uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, overload

from .errors import OutputLimitExceededError
from .limits import in_words, most_output, most_read
from .paths import inside
from .process import run
from .result import ExecResult
from .runner import Runner
from .snapshot import Snapshot
from .workspace import Workspace

__all__ = ["Sandbox"]


class Sandbox:
    """The files of a sample's sandbox, and commands over them.

    Reading and writing work on the snapshot and on what the scorer wrote. With the first command, both go to a
    temporary folder, which the sample's scorers share until all have ended.

    Parameters
    ----------
    snapshot
        Returns the snapshot, which may take a while.
    runner
        How commands are run.

    Examples
    --------
    >>> from evalstream.scorers.sandbox.snapshot import SnapshotFile
    >>> files = Snapshot({"answer.txt": SnapshotFile(2, lambda: b"42")})
    >>> asyncio.run(Sandbox(lambda: files, Runner()).read_file("answer.txt"))
    '42'
    """

    def __init__(self, snapshot: Callable[[], Snapshot], runner: Runner) -> None:
        self._load, self._runner = snapshot, runner
        self._snapshot: Snapshot | None = None
        self._written: dict[tuple[str, ...], bytes] = {}
        self._workspace: Workspace | None = None
        self._closed = False
        self._restoring = asyncio.Lock()

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """Read a file.

        Parameters
        ----------
        file
            Its path from the sandbox's folder; a leading ``/`` means that folder, too.
        text
            Return text (UTF-8, with its line ends as they are), or bytes.

        Raises
        ------
        FileNotFoundError
            The snapshot has no such file.
        IsADirectoryError
            It is a folder.
        OutputLimitExceededError
            It has more than 100 MiB, or than ``INSPECT_SANDBOX_MAX_READ_FILE_SIZE`` says.
        UnicodeDecodeError
            It is no UTF-8.
        """
        parts = inside(file)
        data = self._written.get(parts)
        if self._workspace is not None:
            data = await asyncio.to_thread(self._workspace.read, parts)
        elif data is None:
            data = await asyncio.to_thread(lambda: self._files().find(file).content())
        elif len(data) > most_read():
            raise OutputLimitExceededError(in_words(most_read()))
        return data.decode() if text else data

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """Write a file, and the folders above it, for commands and for later reading; the snapshot stays as it is.

        Raises
        ------
        IsADirectoryError, NotADirectoryError
            A folder has that path, or a file that of a folder above it.
        FileNotFoundError
            The path leads out of the sandbox.
        """
        parts = inside(file)
        data = contents.encode() if isinstance(contents, str) else bytes(contents)
        if self._workspace is not None:
            await asyncio.to_thread(self._workspace.write, parts, data)
            return
        snapshot = await asyncio.to_thread(self._files)
        self._written[parts] = data
        try:
            taken = {**dict.fromkeys(snapshot.files), **{"/".join(path): None for path in self._written}}
            if not parts or any(path.startswith("/".join(parts) + "/") for path in taken):
                raise IsADirectoryError(f"{file!r} is a folder of the sandbox.")
            if any("/".join(parts[:count]) in taken for count in range(1, len(parts))):
                raise NotADirectoryError(f"A folder above {file!r} is a file of the sandbox.")
        except OSError:
            del self._written[parts]
            raise

    async def exec(
        self,
        cmd: Sequence[str],
        input: str | bytes | None = None,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        timeout: float | None = None,
    ) -> ExecResult:
        """Run a command in a folder that was restored from the snapshot.

        Parameters
        ----------
        cmd
            The command and its arguments.
        input
            Its standard input.
        cwd
            Where it runs, from the sandbox's folder.
        env
            Variables besides a few of the worker's (PATH, the language).
        user
            Who it runs as, with ``--sandbox docker``.
        timeout
            Seconds; by default the scorer's own limit holds.

        Raises
        ------
        SandboxUnavailableError
            evalstream was not started with ``--sandbox local`` or ``--sandbox docker``, or docker could not start.
        SandboxUserUnsupportedError
            ``user`` is somebody else, and the sandbox local.
        ExecTimeoutError
            A TimeoutError: the command took too long.
        OutputLimitExceededError
            It printed more than 10 MiB, or than ``INSPECT_SANDBOX_MAX_EXEC_OUTPUT_SIZE`` says.
        """
        self._runner.check()
        async with self._restoring:
            if self._workspace is None:
                self._workspace = await asyncio.to_thread(self._restored)
        call = self._runner.call(self._workspace.path, cmd, cwd, env, user)
        given = input.encode() if isinstance(input, str) else input
        return self._runner.checked(await run(call, given, timeout, most_output()))

    def close(self) -> None:
        """Remove what is left of it on disk."""
        self._closed = True
        if self._workspace is not None:
            self._workspace.close()

    def _files(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = self._load()
        return self._snapshot

    def _restored(self) -> Workspace:
        made = Workspace(self._files())
        try:
            for parts, data in self._written.items():
                made.write(parts, data)
        except BaseException:
            made.close()
            raise
        if self._closed:  # the scorer was given up meanwhile
            made.close()
        return made
