"""One worker per embedded broker, and none that a dead one keeps out."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from evalstream.streams.errors import BrokerError
from evalstream.streams.transport.embedded import worker_lock

HOLD = """
from evalstream.streams.transport.embedded import worker_lock
with worker_lock(folder):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_worker_hears_which_process_is_the_first(tmp_path: Path, start_python):
    child = start_python(HOLD)
    assert child.stdout.readline() == "held\n"
    with pytest.raises(BrokerError, match=f"process {child.pid}.*Stop that one"), worker_lock(tmp_path / "broker"):
        pass


def test_a_killed_worker_leaves_no_lock_behind(tmp_path: Path, start_python):
    child = start_python(HOLD)
    child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    with worker_lock(tmp_path / "broker"):
        assert (tmp_path / "broker" / "worker.lock").read_text() == f"{os.getpid()}\n"


def test_a_worker_that_ends_makes_room(tmp_path: Path):
    for _ in range(2):
        with worker_lock(tmp_path):
            pass
    with worker_lock(tmp_path), pytest.raises(BrokerError, match=f"process {os.getpid()}"), worker_lock(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_a_broker_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match="cannot be opened"), worker_lock(tmp_path / "file" / "b"):
        pass
