"""The program of the process that scores what users wrote."""

from __future__ import annotations

import asyncio
import faulthandler
import itertools
import logging
import mmap
import os
import pickle
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

from evalstream.scorers.sandbox.runner import Runner

from ...claims import ClaimStores
from ...errors import ClaimError
from ...sandboxes.opening import OpenSandboxes
from ..completion import Completion
from ..failure import Failure
from ..judges import Judges
from ..scorer_set import ScorerSet
from ..scorer_thread import note_steps
from ..scoring import Scoring
from ..sheet import Scored, failed
from .messages import MOST_READ, Ask, Beat, Body, Fetch, Frames, Logged, Message, Ready, Told, to_frame, to_message
from .setup import Setup

__all__ = ["main"]

BEAT_SECONDS = 0.5

ORPHAN_SECONDS = 30.0
"""A child that is frozen cannot see that its worker is gone; so long after a scorer's time it ends by itself."""

_number: ContextVar[int] = ContextVar("evalstream_number", default=0)
"""Which request the running code belongs to."""


class _Claims(ClaimStores):
    """The worker's stores, asked by way of the pipe."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Body]] = {}

    def fetch(self, claim: Any, eval_id: str | None = None) -> bytes:
        number, future = next(self._numbers), Future[Body]()
        self._waiting[number] = future
        self._send(Fetch(number, claim.store, claim.key, eval_id))
        body = future.result()
        if body.problem is not None:
            raise ClaimError(body.problem)
        return body.body

    def arrived(self, body: Body) -> None:
        """Take an answer."""
        self._waiting.pop(body.number).set_result(body)


class _Journal(logging.Handler):
    """Hands on to the worker what is logged here."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        self._send(Logged(record.name, record.levelno, text.encode(errors="backslashreplace").decode()))


class _Child:
    def __init__(self, setup: Setup, pipe: socket.socket, frames: Frames, pulse: mmap.mmap) -> None:
        self._pipe, self._frames, self._pulse, self._lock = pipe, frames, pulse, threading.Lock()
        self._told: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()
        settings = setup.settings
        logging.basicConfig(handlers=[_Journal(self.send)], level=setup.log_level)
        self._claims = _Claims(self.send)
        self._last = settings.scorer_timeout + ORPHAN_SECONDS
        runner = Runner(settings.sandbox, settings.sandbox_image)
        self._scoring = Scoring(
            settings.scorer_timeout, setup.retries, Judges(settings),
            lambda completion: OpenSandboxes(completion.sandboxes, completion.eval_id, self._claims, runner),
        )  # fmt: skip
        instances = setup.instances()
        if instances is not None:
            self._scoring.use(instances)
        note_steps(self._note)

    def _note(self, begins: bool) -> None:
        """Leave word of whose code runs, where it can be read while nothing here can be asked."""
        struct.pack_into("q", self._pulse, 0, _number.get() if begins else 0)

    def send(self, message: Message) -> None:
        """Send a message; from any thread."""
        with self._lock:
            self._pipe.sendall(to_frame(message))

    async def serve(self) -> None:
        """Score what comes, for ever; the process ends with its pipe."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        while True:
            self.send(Beat())
            faulthandler.dump_traceback_later(self._last, exit=True, file=nowhere)
            await asyncio.sleep(BEAT_SECONDS)

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            arrived = b""
            while True:
                asked = []
                for message in map(to_message, self._frames.texts(arrived)):
                    if isinstance(message, Ask):
                        asked.append(message)
                    elif isinstance(message, Body):
                        self._claims.arrived(message)
                if asked:
                    loop.call_soon_threadsafe(self._begin, asked)
                arrived = self._pipe.recv(MOST_READ)
                if not arrived:
                    return
        finally:
            os._exit(0)  # nobody waits for what still runs

    def _begin(self, asked: list[Ask]) -> None:
        for ask in asked:
            task = asyncio.ensure_future(self._answer(ask))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _flush(self) -> None:
        told, self._told = self._told, []
        with self._lock:
            self._pipe.sendall(b"".join(told))

    async def _answer(self, ask: Ask) -> None:
        _number.set(ask.number)
        completion = ask.completion()
        try:
            told = Told.of(ask.number, await self._score(completion))
        except Exception as error:  # noqa: BLE001 (an event that cannot be printed)
            told = Told.of(ask.number, failed(completion, Failure("score", error)))
        if not self._told:
            asyncio.get_running_loop().call_soon(self._flush)
        self._told.append(to_frame(told))

    async def _score(self, completion: Completion) -> Scored:
        scorers = self._scoring.scorers(completion)
        if isinstance(scorers, ScorerSet):
            return await self._scoring.score(completion, scorers)
        return failed(completion, scorers)


def _told_first(pipe: socket.socket) -> tuple[Setup, Frames]:
    """Return the setup, and the frames after it as far as they have come."""
    frames, texts = Frames(), list[bytes]()
    while not texts:
        arrived = pipe.recv(MOST_READ)
        if not arrived:
            sys.exit()
        texts = frames.texts(arrived)
    frames.put_back(texts[1:])
    return pickle.loads(texts[0]), frames  # noqa: S301 (see `Setup`)


def main() -> None:
    """Be told what there is to know, and serve; the arguments are file descriptors of the pipe and of the pulse."""
    pipe = socket.socket(fileno=int(sys.argv[1]))
    pulse = mmap.mmap(int(sys.argv[2]), mmap.PAGESIZE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the worker
    setup, frames = _told_first(pipe)
    sys.path[:] = setup.path
    os.dup2(2, 1)  # what users' code prints must not get between the lines of a report
    try:
        child = _Child(setup, pipe, frames, pulse)
    except Exception as error:  # noqa: BLE001 (the worker is told)
        pipe.sendall(to_frame(Ready(f"{type(error).__name__}: {error}")))
        return
    child.send(Ready())
    asyncio.run(child.serve())
