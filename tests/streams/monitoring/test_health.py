"""Health and readiness, asked over HTTP while the loop runs, is blocked, or stops."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from scrapes import EVALSTREAM, PATIENCE, get, publish, worker
from waiting import wait_for

from evalstream.streams.errors import StreamsError, UsageError
from evalstream.streams.events import LogMaterialised
from evalstream.streams.monitoring.health import Health
from evalstream.streams.monitoring.monitor import Monitor
from evalstream.streams.settings import Settings
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.worker import running_worker


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def url_in(caplog: pytest.LogCaptureFixture) -> str:
    """Where a worker of this process listens, by its log."""
    (line,) = [message for message in caplog.messages if message.startswith("metrics on ")]
    return line.removeprefix("metrics on ").removesuffix("/metrics")


def test_a_blocked_event_loop_is_ill_and_well_again_when_it_goes_on():
    async def scenario() -> None:
        async with Monitor("127.0.0.1", 0, stale=0.5) as monitor:
            healthy = f"{monitor.url}/healthz"
            assert await asyncio.to_thread(get, healthy) == (200, "ok\n")
            answers: list[tuple[int, str]] = []

            def until_ill() -> None:
                answers.append(wait_for(lambda: (found := get(healthy))[0] == 503 and found, "503"))

            thread = threading.Thread(target=until_ill)
            thread.start()
            thread.join()  # this is what blocks the loop
            assert "event loop has been blocked" in answers[0][1]
            await asyncio.to_thread(wait_for, lambda: get(healthy)[0] == 200, "health")

    asyncio.run(scenario())


def test_a_worker_whose_agent_failed_is_ill_and_says_why(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "evalstream.worker")

    async def scenario() -> None:
        settings = Settings(broker=f"embedded://{tmp_path}", metrics_port=0, log_dir=tmp_path)
        async with running_worker(settings) as pipeline:
            url = url_in(caplog)
            await asyncio.to_thread(wait_for, lambda: get(f"{url}/readyz")[0] == 200, "a worker that is ready")
            pipeline.fail(RuntimeError("the disk is gone"))
            for page in ("/healthz", "/readyz"):
                answer = await asyncio.to_thread(get, url + page)
                assert answer == (503, "failed: RuntimeError: the disk is gone\n")
            assert pipeline.failed.exception()

    asyncio.run(scenario())


class Writing:
    """A listener that holds up the writing of a log until the worker says that it stops."""

    def __init__(self) -> None:
        self.url = ""
        self.begun = threading.Event()
        self.seen: list[tuple[int, str]] = []

    def on_progress(self, run: RunState) -> None:
        """Say nothing."""

    def on_writing(self, run: RunState, samples: int) -> None:
        self.begun.set()
        wait_for(lambda: get(f"{self.url}/readyz")[0] == 503, "a worker that is not ready")
        self.seen += [get(f"{self.url}/readyz"), get(f"{self.url}/healthz")]

    def on_materialised(self, run: RunState, log: LogMaterialised) -> None:
        raise AssertionError(log)

    def on_unwritten(self, run: RunState, error: StreamsError) -> bool:
        raise AssertionError(error)


def test_who_stops_is_not_ready_at_once_and_lives_until_it_has_stopped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, make_log
):
    caplog.set_level("INFO", "evalstream.worker")
    broker = f"embedded://{tmp_path / 'broker'}"
    publish(make_log(3), "--broker", broker)
    listener = Writing()

    async def scenario() -> None:
        async with running_worker(Settings(broker=broker, metrics_port=0, log_dir=tmp_path), listener):
            listener.url = url_in(caplog)
            assert await asyncio.to_thread(listener.begun.wait, PATIENCE)

    asyncio.run(scenario())
    assert listener.seen == [(503, "stopping\n"), (200, "ok\n")]
    with pytest.raises(OSError, match="refused"):
        get(f"{listener.url}/healthz")


def test_a_stop_comes_before_every_other_reason():
    health = Health()
    health.drain()
    assert (health.unready(), health.ill()) == ("stopping", None)


def test_a_worker_that_waits_for_its_broker_lives_is_not_ready_and_can_be_stopped(tmp_path: Path):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        broker = f"kafka://127.0.0.1:{nobody.getsockname()[1]}"
        with worker("--broker", broker, "--log-dir", tmp_path) as running:
            assert get(f"{running.url}/healthz") == (200, "ok\n")
            assert get(f"{running.url}/readyz") == (503, "starting: not connected to the broker yet\n")
            assert get(f"{running.url}/metrics")[0] == 200
            assert "had not been ready" in running.stop()


def test_a_port_that_is_taken_is_said_with_the_settings_name(tmp_path: Path, taken: int):
    done = subprocess.run(
        [EVALSTREAM, "worker", "--broker", f"embedded://{tmp_path}", "--metrics-port", str(taken)],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"port {taken} of 127.0.0.1: it is taken" in done.stderr
    assert "metrics_port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("host", ["", "host.invalid", "192.0.2.1", "a" * 300])
def test_a_host_that_is_not_this_machine_is_said_with_the_settings_name(host: str):
    async def scenario() -> None:
        with pytest.raises(UsageError, match="metrics_host"):
            async with Monitor(host, 0):
                pass

    asyncio.run(scenario())


def test_only_this_machine_can_ask_unless_told_otherwise():
    assert Settings().metrics_host == "127.0.0.1"
    assert Settings().metrics_port is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_each_page_answers_on_the_host_that_was_given(host: str):
    async def scenario() -> None:
        async with Monitor(host, 0) as monitor:
            port = monitor.url.rpartition(":")[2]
            for page, status in (("/", 200), ("/healthz", 200), ("/readyz", 503), ("/metrics", 200), ("/nothing", 404)):
                assert (await asyncio.to_thread(get, f"http://127.0.0.1:{port}{page}"))[0] == status

    asyncio.run(scenario())
