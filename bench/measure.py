"""One run of one command: how long it took, and how much memory it had at most."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Measured", "RunFailedError", "measure"]

# Linux counts ru_maxrss in kB, macOS in bytes.
_MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


class RunFailedError(Exception):
    """A contestant ended with an error: its figures would mean nothing."""


@dataclass(frozen=True)
class Measured:
    """What a run cost.

    Attributes
    ----------
    seconds
        Wall time from the start of the process to its end, interpreter and imports included.
    peak_bytes
        The highest resident memory of the process, or of a child of its own if that had more.
    output
        What it printed.
    """

    seconds: float
    peak_bytes: int
    output: str


def measure(command: Sequence[str], folder: Path) -> Measured:
    """Run a command in a folder.

    A child's peak is never counted below the memory of the process that starts it (the kernel carries the mark across
    ``exec``), so whoever calls this stays small: logs are made and read in processes of their own.

    Raises
    ------
    RunFailedError
        The command ended with an error.
    """
    # Settings of whoever runs the benchmark would make the contestants do other work. One of them: without byte code of
    # its own (other than what pip installed for all others) a program from a source tree is compiled anew in each run.
    settings = ("INSPECT_", "EVALSTREAM_", "PYTHONDONTWRITEBYTECODE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    with tempfile.TemporaryFile("w+") as printed:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read()
    if process.returncode != 0:
        raise RunFailedError(f"{' '.join(command)}: exit code {process.returncode}\n{output[-2000:]}")
    return Measured(seconds, usage.ru_maxrss * _MAXRSS_UNIT, output)
