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

STOP_SECONDS, DRAIN_SECONDS = 10.0, 2.0


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
    printed = [asyncio.ensure_future(_read(stream, most)) for stream in (process.stdout, process.stderr)]
    others = [asyncio.ensure_future(_feed(process.stdin, given)), asyncio.ensure_future(_ended(process))]
    try:
        await asyncio.wait_for(asyncio.gather(*printed, *others), timeout)
        ended = True
    except _TooMuchError as error:
        raise OutputLimitExceededError(in_words(most), str(error)) from None
    except asyncio.TimeoutError:  # until Python 3.10 not the same class as TimeoutError
        raise ExecTimeoutError(f"The command {call.argv[0]!r} took longer than {timeout:g} s.") from None
    finally:
        for task in (*printed, *others):
            task.cancel()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        if not ended:
            await _stop(call)
            await _left(process)
    out, err = (task.result() for task in printed)
    code = process.returncode or 0
    return ExecResult(code == 0, code, out.decode(errors="replace"), err.decode(errors="replace"))


async def _left(process: asyncio.subprocess.Process) -> None:
    """Take what a killed process still had in its pipes, so that they close; a child that left its group keeps them."""
    with contextlib.suppress(asyncio.TimeoutError, RuntimeError):
        await asyncio.wait_for(process.communicate(), DRAIN_SECONDS)
    # asyncio has no public way to close the pipes of a process that somebody else keeps open.
    transport: asyncio.SubprocessTransport = process._transport  # type: ignore[attr-defined]
    transport.close()


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    data = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        data += chunk
        if len(data) > most:
            raise _TooMuchError(bytes(data[:most]).decode(errors="replace"))
    return bytes(data)


async def _ended(process: asyncio.subprocess.Process) -> None:
    await process.wait()


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
