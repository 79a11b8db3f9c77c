"""A node lives as long as somebody wants it: tried with a process that is quicker to start than Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka_helpers import returns_within

from evalstream.streams.local_kafka import keeper
from evalstream.streams.local_kafka.locks import FileLock

SECONDS = 20

HOLD = """
import sys
from pathlib import Path
from evalstream.streams.local_kafka.locks import FileLock
owner = FileLock(Path(sys.argv[1]))
owner.acquire(shared=True)
print("held", flush=True)
sys.stdin.read()
"""


class Kept:
    """A process under a keeper, holding a lock by which its end is seen."""

    def __init__(self, folder: Path) -> None:
        self.owners = FileLock(folder / "owners")
        self._life = FileLock(folder / "life")

    def start(self, seconds: float = SECONDS, first: str = ":") -> subprocess.Popen[str]:
        """Start the keeper of a shell that does something ``first``, and then sleeps; return when it does."""
        script = f"{first}; echo begun; exec sleep 3600"
        self._life.acquire()
        process = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, str(self.owners.path), str(seconds), "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(self._life.fileno(),),
        )
        self._life.release()
        self.pid = int(process.stdout.readline())
        assert process.stderr.readline() == "begun\n"
        return process

    def ended(self) -> bool:
        """Wait until neither the process nor its keeper is there."""
        lock = FileLock(self._life.path)
        return returns_within(SECONDS, lambda: lock.acquire(wait=True) and lock.release())

    def lives(self) -> bool:
        return not FileLock(self._life.path).acquire()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = Kept(tmp_path)
    yield made
    made.owners.release()
    assert made.ended()


def hold_elsewhere(path: Path) -> subprocess.Popen[str]:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == "held\n"
    return owner


def test_it_ends_with_its_last_owner_even_one_that_is_killed(kept: Kept):
    kept.owners.acquire(shared=True)
    other = hold_elsewhere(kept.owners.path)
    with kept.start() as process, other:
        kept.owners.release()
        assert kept.lives()
        other.send_signal(signal.SIGKILL)
        assert kept.ended()
        assert process.wait(SECONDS) == 128 + signal.SIGTERM


def test_a_frozen_process_ends_too(kept: Kept):
    kept.owners.acquire(shared=True)
    with kept.start() as process:
        os.kill(kept.pid, signal.SIGSTOP)
        kept.owners.release()
        assert kept.ended()
        assert process.wait(SECONDS) == 128 + signal.SIGTERM


def test_a_process_that_does_not_want_to_end_is_killed(kept: Kept):
    kept.owners.acquire(shared=True)
    with kept.start(seconds=0.5, first="trap '' TERM") as process:
        kept.owners.release()
        assert kept.ended()
        assert process.wait(SECONDS) == 128 + signal.SIGKILL


def test_a_keeper_that_is_told_to_end_ends_its_process(kept: Kept):
    kept.owners.acquire(shared=True)
    with kept.start() as process:
        process.terminate()
        assert kept.ended()
        assert process.wait(SECONDS) == 128 + signal.SIGTERM


def test_a_process_that_ends_is_reported(kept: Kept):
    kept.owners.acquire(shared=True)
    with kept.start() as process:
        os.kill(kept.pid, signal.SIGKILL)
        assert process.wait(SECONDS) == 128 + signal.SIGKILL


def test_a_killed_keeper_takes_its_process_along(kept: Kept):
    kept.owners.acquire(shared=True)
    with kept.start() as process:
        process.kill()
        assert kept.ended()
