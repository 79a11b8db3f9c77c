"""A program between us and a Kafka node: the node ends when all who want it have ended, even with ``kill -9``.

Run as ``python -I keeper.py OWNERS SECONDS COMMAND...``. Whoever wants the node holds a shared lock on the file OWNERS,
and the system lets go of it with the last of them; then the lock is ours, the node is told to end, and killed if that
takes longer than SECONDS.

Why not ask Linux for a signal at the parent's death (PR_SET_PDEATHSIG): that is the death of the *thread* that started
the child, which may be one of an executor's; several processes may want one node; and macOS has nothing like it. Here
it only ends the node when this program itself is killed.

It imports nothing of ours, so that it starts in 30 ms and stays at 12 MB.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import threading

__all__ = ["main"]

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def main(owners: str, seconds: str, *command: str) -> int:
    """Run the command, print its process id; return its exit code, as a shell would put it."""
    node = subprocess.Popen(  # noqa: S603 (the command is our parent's)
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        close_fds=False,  # it holds its cluster's lock with us
        preexec_fn=_die_with_keeper,  # noqa: PLW1509 (there are no threads yet)
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: _tell_to_end(node))
    # An owner that is already gone cannot read this; the thread notices.
    with contextlib.suppress(OSError):
        os.write(1, f"{node.pid}\n".encode())
    threading.Thread(target=_end_with_owners, args=(node, owners, float(seconds)), daemon=True).start()
    code = node.wait()
    return code if code >= 0 else 128 - code


def _end_with_owners(node: subprocess.Popen[bytes], owners: str, seconds: float) -> None:
    with open(owners, "r+b") as file:  # noqa: PTH123 (pathlib would take longer than all the rest)
        fcntl.flock(file, fcntl.LOCK_EX)
        _tell_to_end(node)
        try:
            node.wait(seconds)
        except subprocess.TimeoutExpired:
            node.kill()
            node.wait()


def _tell_to_end(node: subprocess.Popen[bytes]) -> None:
    node.terminate()
    node.send_signal(signal.SIGCONT)  # a frozen one would not hear of it


def _die_with_keeper() -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
