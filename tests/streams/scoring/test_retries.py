"""Which failures are tried again, how often, and after what pause."""

from __future__ import annotations

import errno
import socket

import httpx
import pytest

from evalstream.streams.scoring import retries as module
from evalstream.streams.scoring.retries import Retries, is_transient


class JudgeError(Exception):
    """As clients of judges raise it."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        super().__init__(f"HTTP {status}")


class ImpatientError(ConnectionError):
    transient = False


class BusyError(ValueError):
    transient = True


def caused_by(cause: BaseException) -> Exception:
    error = RuntimeError("the client's own")
    error.__cause__ = cause
    return error


REQUEST = httpx.Request("GET", "http://judge")
TRANSIENT = [
    ConnectionResetError(), TimeoutError(), socket.gaierror(), OSError(errno.ENOSPC, "full"), JudgeError(429),
    JudgeError(503), BusyError(), httpx.ConnectError("down"), httpx.ReadTimeout("slow"),
    caused_by(ConnectionRefusedError()),
    httpx.HTTPStatusError("bad", request=REQUEST, response=httpx.Response(502)),
]  # fmt: skip
FINAL = [
    ValueError("no"), FileNotFoundError("x"), PermissionError(errno.EACCES, "x"), JudgeError(400), ImpatientError(),
    caused_by(KeyError("k")), httpx.HTTPStatusError("bad", request=REQUEST, response=httpx.Response(404)),
]  # fmt: skip


@pytest.mark.parametrize("error", TRANSIENT, ids=repr)
def test_what_speaks_of_the_surroundings_is_transient(error):
    assert is_transient(error)


@pytest.mark.parametrize("error", FINAL, ids=repr)
def test_what_speaks_of_the_sample_is_not(error):
    assert not is_transient(error)


def test_a_ring_of_causes_has_an_end():
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one
    assert not is_transient(one)


def test_an_ordinary_failure_has_so_many_attempts_and_no_more():
    retries = Retries(attempts=3, patience=1000)
    assert [retries.pause(ValueError(), done, 0.0) is None for done in (1, 2, 3, 4)] == [False, False, True, True]


def test_transient_trouble_is_waited_for_however_many_attempts_it_takes():
    retries = Retries(attempts=3, patience=100)
    assert retries.pause(ConnectionError(), 50, 99.0) is not None
    assert retries.pause(ConnectionError(), 50, 101.0) is None
    assert Retries(attempts=3).pause(ConnectionError(), 2, 1e9) is not None


def test_where_somebody_waits_only_transient_trouble_is_tried_again():
    retries = Retries(attempts=3, transient_only=True)
    assert retries.pause(ValueError(), 1, 0.0) is None
    assert [retries.pause(ConnectionError(), done, 0.0) is None for done in (1, 2, 3)] == [False, False, True]


def test_pauses_grow_to_a_limit_and_differ_from_sample_to_sample():
    retries = Retries(attempts=1, patience=1e9)
    for done in range(1, 40):
        pauses = {retries.pause(ConnectionError(), done, 0.0) for _ in range(5)}
        longest = min(module.FIRST_PAUSE * 2.0 ** (done - 1), module.LAST_PAUSE)
        assert all(pause is not None and longest / 2 <= pause <= longest for pause in pauses)
        assert len(pauses) > 1
