"""Child processes that compare answers; one that takes too long is ended, and the next sample gets another.

SymPy cannot be interrupted from within: a thread that is given up goes on computing, and takes its time from all
others. So each child is fed by a thread of its own, which only waits. Children are shared by all event loops of the
process, start when there is work for them, and end when there has been none for a while.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import Future
from typing import Any, NamedTuple

from ..errors import MathProcessError

__all__ = ["Answer", "MathProcesses", "Request", "processes"]

START_SECONDS = 60.0
IDLE_SECONDS = 60.0

# A completion must not get at what the environment may hold, such as keys of services.
_ENVIRONMENT = (
    "HOME",
    "LANG",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TMPDIR",
    "VIRTUAL_ENV",
)


class Request(NamedTuple):
    """One sample: its completion, its targets, and the seconds that each of the two steps may take."""

    completion: str
    targets: list[str]
    seconds: float


class Answer(NamedTuple):
    """What became of a request.

    ``late`` tells which step took too long ("targets" or "answer"); ``problem`` why no target can be read; else
    ``verdict`` is a `Verdict` as a list.
    """

    late: str | None = None
    problem: str | None = None
    verdict: list[Any] | None = None


class MathProcesses:
    """A few child processes, and the threads that feed them.

    Parameters
    ----------
    most
        How many children there may be at a time.
    idle_seconds
        After how long without work a child ends.
    """

    def __init__(self, most: int, idle_seconds: float = IDLE_SECONDS) -> None:
        self._most, self._idle_seconds = most, idle_seconds
        self._waiting: queue.Queue[tuple[Request, Future[Answer]]] = queue.Queue()
        self._lock = threading.Lock()
        self._threads = self._unfinished = 0
        self._children: set[_Child | None] = set()

    @property
    def pids(self) -> list[int]:
        """Ids of the child processes that there are."""
        return sorted(child.pid for child in list(self._children) if child is not None and child.alive)

    def submit(self, request: Request) -> Future[Answer]:
        """Have a request answered; the future raises MathProcessError if no child can be started, or if it dies."""
        future: Future[Answer] = Future()
        with self._lock:
            self._unfinished += 1
            self._waiting.put((request, future))
            if self._threads < min(self._unfinished, self._most):
                self._threads += 1
                # A daemon: at the end of the program nobody waits for an answer.
                threading.Thread(target=self._feed, name="evalstream-math", daemon=True).start()
        return future

    def _feed(self) -> None:
        child: _Child | None = None
        try:
            while (task := self._next()) is not None:
                request, future = task
                if future.set_running_or_notify_cancel():
                    try:
                        if child is None or not child.alive:
                            child = self._start(child)
                        answer = child.ask(request)
                    except Exception as error:  # noqa: BLE001 (whoever waits for the answer is told)
                        future.set_exception(error)
                    else:
                        future.set_result(answer)
                with self._lock:
                    self._unfinished -= 1
        finally:
            if child is not None:
                self._children.discard(child)
                child.end()

    def _start(self, ended: _Child | None) -> _Child:
        self._children.discard(ended)
        child = _Child()
        self._children.add(child)
        return child

    def _next(self) -> tuple[Request, Future[Answer]] | None:
        try:
            return self._waiting.get(timeout=self._idle_seconds)
        except queue.Empty:
            with self._lock:
                if self._waiting.empty():
                    self._threads -= 1
                    return None
            return self._next()


class _Child:
    """One child process."""

    def __init__(self) -> None:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(  # noqa: S603 - a program of our own
            [sys.executable, "-m", f"{__package__}.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # The order of sets decides what SymPy tries first, so it must be the same in every child.
            env={**environment, "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"},
        )
        said = self._read(START_SECONDS)
        if said is None or said["ready"] is not None:
            self.end()
            raise MathProcessError(f"cannot be started: {said['ready'] if said else 'it ended without a word'}")

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Tell whether it takes another request."""
        return self._process.poll() is None

    def ask(self, request: Request) -> Answer:
        """Answer a request; a child that takes too long is ended, and is not alive any more."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request._asdict()).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            self.end()
            raise MathProcessError(f"has ended: {error}") from error
        targets = self._read(request.seconds)
        if targets is None:
            return Answer(late="targets")
        if targets["targets"] is not None:
            return Answer(problem=targets["targets"])
        verdict = self._read(request.seconds)
        return Answer(late="answer") if verdict is None else Answer(verdict=verdict)

    def _read(self, seconds: float) -> Any:
        """Return the next line; None if it does not come in time, and then the child is ended.

        Raises
        ------
        MathProcessError
            The child has ended by itself.
        """
        assert self._process.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, give_up)
        timer.daemon = True
        timer.start()
        line = self._process.stdout.readline()
        timer.cancel()
        if line.endswith(b"\n"):
            return json.loads(line)
        self.end()
        if late.is_set():
            return None
        raise MathProcessError(f"ended by itself, with the status {self._process.returncode}")

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.communicate()


_lock = threading.Lock()
_shared: MathProcesses | None = None


def processes() -> MathProcesses:
    """Return the children that all math scorers of this process share."""
    global _shared  # noqa: PLW0603 - one for all, made when it is first needed
    with _lock:
        if _shared is None:
            _shared = MathProcesses(most=max(1, min(4, os.cpu_count() or 1)))
        return _shared
