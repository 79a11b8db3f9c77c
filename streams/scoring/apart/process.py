"""One child process that scores, seen from outside."""

from __future__ import annotations

import asyncio
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

import msgspec

from ...claims import ClaimStores
from ...errors import EndedError, NotStartedError
from ...events import Claim
from ..completion import Completion
from .messages import MOST_READ, Ask, Beat, Body, Fetch, Frames, Logged, Message, Ready, Told, to_frame, to_message

__all__ = ["ScoringProcess"]

_PROGRAM = (
    "import sys; sys.path[:1] == [''] and sys.path.pop(0);"  # a user's folder may have a json.py
    f" from {__package__}.child import main; main()"
)


END_SECONDS = 5.0
"""A child that has closed its pipe has so long to end."""

START_SECONDS = 300.0
"""For this long a child may be silent that imports what users' files import."""


class ScoringProcess:
    """A child, the threads that write to it and read from it, and what it has not answered yet.

    Parameters
    ----------
    setup
        A pickled `Setup`.

    Attributes
    ----------
    waiting
        What is asked and not answered, by the numbers that `running` tells of.
    spoiled
        Somebody waits no more for what the child may still do.
    """

    def __init__(self, setup: bytes) -> None:
        self._claims = ClaimStores()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.waiting: dict[int, asyncio.Future[Told]] = {}
        self.spoiled = self._over = False
        self._heard = time.monotonic() + START_SECONDS
        self._count = self._status = 0
        self._problem: str | None = None
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

    def use(self, claims: ClaimStores | None) -> None:
        """Be a worker's from now on, on the loop that runs; None: nobody's."""
        self._claims = claims or ClaimStores()
        self._loop = asyncio.get_running_loop() if claims is not None else None

    def ask(self, completion: Completion) -> tuple[int, asyncio.Future[Told]]:
        """Have a completion scored; the future raises EndedError if the process ends before it answers."""
        self._count += 1
        answer = self.waiting[self._count] = asyncio.get_running_loop().create_future()
        self._out.put(to_frame(Ask.of(self._count, completion)))
        if self._over:  # its reader has looked at what waits for the last time
            self._settle([])
        return self._count, answer

    def forget(self, number: int) -> None:
        """Wait no more for an answer; without one, the child may be at it for ever."""
        if self.waiting.pop(number, None) is not None:
            self.spoiled = True

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._out.put(None)

    def _write(self) -> None:
        frames: list[bytes | None] = []
        with contextlib.suppress(OSError):  # it has ended, which the reader sees
            while None not in frames:
                frames = [self._out.get()]
                with contextlib.suppress(queue.Empty):
                    while True:
                        frames.append(self._out.get_nowait())
                self._socket.sendall(b"".join(frame for frame in frames if frame is not None))

    def _read(self) -> None:
        frames = Frames()
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            while arrived := self._socket.recv(MOST_READ):
                self._heard = time.monotonic()
                self._tell(list(filter(None, (self._told(to_message(text)) for text in frames.texts(arrived)))))
        try:
            self._status = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._status = self._process.wait()
        self._out.put(None)
        self._socket.close()
        self._over = True
        self._tell([])

    def _tell(self, answers: list[Told]) -> None:
        loop = self._loop
        if loop is not None and (answers or self._over):
            with contextlib.suppress(RuntimeError):  # it has closed, and nobody waits
                loop.call_soon_threadsafe(self._settle, answers)

    def _settle(self, answers: list[Told]) -> None:
        for told in answers:
            answer = self.waiting.pop(told.number, None)
            if answer is not None and not answer.done():
                answer.set_result(told)
        if self._over:
            ended = f"The scorers' process ended with status {self._status}."
            for answer in self.waiting.values():
                if not answer.done():
                    answer.set_exception(NotStartedError(self._problem) if self._problem else EndedError(ended))
            self.waiting.clear()

    def _told(self, message: Message) -> Told | None:
        """Do what a message asks for, and return it if somebody waits for it."""
        if isinstance(message, Told):
            return message
        if isinstance(message, Fetch):
            # It may wait for a blob that is far away; others' answers need not.
            threading.Thread(target=self._fetch, args=(message,), daemon=True).start()
        elif isinstance(message, Logged):
            logging.getLogger(message.logger).log(message.level, "%s", message.text)
        elif isinstance(message, Ready):
            self._problem = message.problem
        elif not isinstance(message, Beat):
            raise TypeError(f"a {type(message).__name__} goes the other way")
        return None

    def _fetch(self, wanted: Fetch) -> None:
        try:
            body = self._claims.fetch(Claim(store=wanted.store, key=wanted.key), wanted.eval_id)
            answer = Body(wanted.number, body)
        except Exception as error:  # noqa: BLE001 (the scorer that asked is told)
            answer = Body(wanted.number, problem=str(error) or type(error).__name__)
        self._out.put(to_frame(answer))
