"""One child process that scores, seen from outside."""

from __future__ import annotations

import contextlib
import logging
import mmap
import queue
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future

from ...claims import ClaimStores
from ...events import Claim
from ..completion import Completion
from .errors import EndedError, NotStartedError
from .messages import Ask, Beat, Body, Fetch, Logged, Message, Ready, Told, read_message, to_frame

__all__ = ["Asked", "ScoringProcess"]

_PROGRAM = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0);"  # a user's folder may have a json.py
    f" from {__package__}.child import main; main()"
)


START_SECONDS = 300.0
"""For this long a child may be silent that imports what users' files import."""


class Asked(Future[Told]):
    """What a process will say of a completion; its number is what the process's `pulse` tells."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class ScoringProcess:
    """A child, the threads that write to it and read from it, and what it has not answered yet.

    Parameters
    ----------
    setup
        A pickled `Setup`.

    Attributes
    ----------
    claims
        Where the bodies of claims are; whoever uses the child next has others.
    waiting
        What is asked and not answered.
    spoiled
        Somebody waits no more for what the child may still do.
    """

    def __init__(self, setup: bytes) -> None:
        self.claims = ClaimStores()
        self.waiting: dict[int, Asked] = {}
        self.spoiled = False
        self._heard = time.monotonic() + START_SECONDS
        self._count = 0
        self._out: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        with tempfile.TemporaryFile() as file:
            file.truncate(mmap.PAGESIZE)
            self._pulse = mmap.mmap(file.fileno(), mmap.PAGESIZE)
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 (a program of our own)
                    [sys.executable, "-c", _PROGRAM, str(theirs.fileno()), str(file.fileno())],
                    pass_fds=(theirs.fileno(), file.fileno()),
                    stdin=subprocess.DEVNULL,
                )
        self._socket = ours
        self._pipe = ours.makefile("rwb")
        self._out.put(to_frame(setup))
        for work in (self._read, self._write):
            threading.Thread(target=work, name="evalstream-scoring-process", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Tell whether it has not ended."""
        return self._process.poll() is None

    @property
    def silent(self) -> float:
        """Seconds since it said anything."""
        return max(0.0, time.monotonic() - self._heard)

    @property
    def running(self) -> int:
        """The number of the request whose scorer runs at this moment; 0 if none does, or nobody can tell."""
        number: int = struct.unpack_from("q", self._pulse)[0]
        return number

    def ask(self, completion: Completion) -> Asked:
        """Have a completion scored; the future raises EndedError if the process ends before it answers."""
        self._count += 1
        asked = self.waiting[self._count] = Asked(self._count)
        self._out.put(to_frame(Ask.of(asked.number, completion)))
        return asked

    def forget(self, asked: Asked) -> None:
        """Wait no more for an answer; without one, the child may be at it for ever."""
        self.waiting.pop(asked.number, None)
        self.spoiled = self.spoiled or not asked.done()

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._out.put(None)

    def _write(self) -> None:
        try:
            while (frame := self._out.get()) is not None:
                self._pipe.write(frame)
                self._pipe.flush()
        except (OSError, ValueError):
            pass  # it has ended, which the reader sees, and closes the pipe

    def _read(self) -> None:
        problem = ""
        try:
            while (message := read_message(self._pipe)) is not None:
                self._heard = time.monotonic()
                problem = self._took(message) or problem
        except OSError:
            pass
        status = self._process.wait()
        self._out.put(None)
        with contextlib.suppress(OSError):
            self._pipe.close()
        self._socket.close()
        error = NotStartedError(problem) if problem else EndedError(f"The scorers' process ended with status {status}.")
        for asked in list(self.waiting.values()):
            self.forget(asked)
            if not asked.done():
                asked.set_exception(error)

    def _took(self, message: Message) -> str | None:
        if isinstance(message, Told):
            asked = self.waiting.pop(message.number, None)
            if asked is not None and asked.set_running_or_notify_cancel():
                asked.set_result(message)
        elif isinstance(message, Fetch):
            # Its thread may wait for a blob that is far away; others' answers need not.
            threading.Thread(target=self._fetch, args=(message,), daemon=True).start()
        elif isinstance(message, Logged):
            logging.getLogger(message.logger).log(message.level, "%s", message.text)
        elif isinstance(message, Ready):
            return message.problem
        elif not isinstance(message, Beat):
            raise TypeError(f"a {type(message).__name__} goes the other way")
        return None

    def _fetch(self, wanted: Fetch) -> None:
        try:
            body = self.claims.fetch(Claim(store=wanted.store, key=wanted.key), wanted.eval_id)
            answer = Body(wanted.number, body)
        except Exception as error:  # noqa: BLE001 (the scorer that asked is told)
            answer = Body(wanted.number, problem=str(error) or type(error).__name__)
        self._out.put(to_frame(answer))
