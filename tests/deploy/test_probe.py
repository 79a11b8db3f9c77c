"""deploy/probe.py: what Docker's health checks run."""

from __future__ import annotations

import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from deploy_files import ALIVE, DEPLOY, READY

PROBE = DEPLOY / "probe.py"


class Worker(BaseHTTPRequestHandler):
    """Lives, and is not ready."""

    def do_GET(self) -> None:
        body = b"recovering 3 of 8 partitions" if self.path == READY else b"ok"
        self.send_response({ALIVE: 200, READY: 503}.get(self.path, 404))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Worker) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture
def silence() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def nobody() -> Iterator[int]:
    """A port where nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def ask(path: str, port: int) -> subprocess.CompletedProcess[str]:
    env = {"EVALSTREAM_METRICS_PORT": str(port), "http_proxy": "http://127.0.0.1:9", "COVERAGE_PROCESS_START": ""}
    command = [sys.executable, "-I", str(PROBE), path]
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def test_a_worker_that_lives_is_healthy_whatever_the_proxy(port: int) -> None:
    done = ask(ALIVE, port)
    assert (done.returncode, done.stdout) == (0, "200 ok\n")


def test_a_worker_that_recovers_is_not_ready_and_says_why(port: int) -> None:
    done = ask(READY, port)
    assert (done.returncode, done.stdout) == (1, "503 recovering 3 of 8 partitions\n")


def test_a_worker_that_is_not_there_is_not_healthy(nobody: int) -> None:
    done = ask(ALIVE, nobody)
    assert done.returncode == 1
    assert f"no answer from port {nobody}" in done.stdout


def test_a_worker_that_does_not_answer_is_not_healthy(
    silence: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[str], int] = runpy.run_path(str(PROBE))["main"]
    monkeypatch.setitem(main.__globals__, "TIMEOUT", 0.05)
    monkeypatch.setenv("EVALSTREAM_METRICS_PORT", str(silence))
    assert main(ALIVE) == 1
    assert "timed out" in capsys.readouterr().out
