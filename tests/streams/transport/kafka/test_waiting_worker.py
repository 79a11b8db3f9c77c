"""Workers and brokers that start together come up in any order."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from waiting import wait_for

from evalstream.streams.local_kafka import LocalCluster

COMMAND = str(Path(sys.executable).parent / "evalstream")


def test_a_worker_waits_for_a_broker_that_comes_later_and_works(make_log: Callable[..., Path], tmp_path: Path):
    cluster = LocalCluster(tmp_path / "kafka", heap="256m")
    errors, log_dir = tmp_path / "stderr", tmp_path / "scored"
    settings = ["--broker", cluster.url, "--partitions", "2", "--log-dir", str(log_dir)]
    with errors.open("wb") as said:
        worker = subprocess.Popen([COMMAND, "worker", *settings], stdin=subprocess.DEVNULL, stderr=said)
    try:
        until_it_says("No Kafka can be reached", worker, errors)
        until_it_says("Next try in 1.0 s", worker, errors)
        with cluster:
            until_it_says("worker is ready", worker, errors)
            log = make_log(samples=10)
            subprocess.run(
                [COMMAND, "publish", str(log), "--broker", cluster.url], check=True, stdin=subprocess.DEVNULL
            )
            until_it_says("10 samples, log ", worker, errors)
            worker.terminate()
            assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
    assert [path.suffix for path in log_dir.iterdir()] == [".eval"]


def until_it_says(text: str, worker: subprocess.Popen[bytes], errors: Path) -> None:
    def look() -> bool:
        assert worker.poll() is None, errors.read_text()
        return text in errors.read_text()

    wait_for(look, text)
