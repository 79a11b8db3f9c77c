"""Running one process to its end, within bounds of time and output, and leaving nothing of it behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from .errors import ExecTimeoutError, OutputLimitExceededError
from .limits import in_words
from .result import ExecResult
from .runner import Call

__all__ = ["run"]

STOP_SECONDS = 10.0


class _TooMuchError(Exception):
    """A stream went over its limit; carries what there was."""


async def run(call: Call, given: bytes | None, timeout: float | None, most: int) -> ExecResult:
    """Run a process; it has its own group, and whatever of it is left at the end is killed.

    Parameters
    ----------
    call
        The process.
    given
        Its standard input; None: nothing.
    timeout
        Seconds; None: the scorer's own limit holds.
    most
        Bytes that it may print, to each stream.

    Raises
    ------
    ExecTimeoutError
        It took longer.
    OutputLimitExceededError
        It printed more.
    PermissionError
        The command may not be run.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *call.argv, cwd=call.cwd, env=dict(call.env), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except FileNotFoundError:
        if not call.cwd.is_dir():
            raise
        return ExecResult(False, 127, "", f"{call.argv[0]}: command not found")
    ended = False
    tasks = [
        asyncio.ensure_future(_read(process.stdout, most)), asyncio.ensure_future(_read(process.stderr, most)),
        asyncio.ensure_future(_feed(process.stdin, given)), asyncio.ensure_future(process.wait()),
    ]  # fmt: skip
    try:
        out, err, _, _ = await asyncio.wait_for(asyncio.gather(*tasks), timeout)
        ended = True
    except _TooMuchError as error:
        raise OutputLimitExceededError(in_words(most), str(error)) from None
    except asyncio.TimeoutError:  # until Python 3.10 not the same class as TimeoutError
        raise ExecTimeoutError(f"The command {call.argv[0]!r} took longer than {timeout:g} s.") from None
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if not ended:
            await _stop(call)
    code = process.returncode or 0
    return ExecResult(code == 0, code, out.decode(errors="replace"), err.decode(errors="replace"))


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    data = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        data += chunk
        if len(data) > most:
            raise _TooMuchError(bytes(data[:most]).decode(errors="replace"))
    return bytes(data)


async def _feed(stream: asyncio.StreamWriter | None, given: bytes | None) -> None:
    if stream is None:
        return
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a command need not read its input
        stream.write(given or b"")
        await stream.drain()
    stream.close()


async def _stop(call: Call) -> None:
    """End what killing the process does not: the container behind it."""
    if not call.stop:
        return
    devnull = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*call.stop, stdin=devnull, stdout=devnull, stderr=devnull)
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
