"""Workers and brokers that start together come up in any order."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from evalstream.streams.local_kafka import LocalCluster

COMMAND = str(Path(sys.executable).parent / "evalstream")


def test_a_worker_waits_for_a_broker_that_comes_later_and_works(make_log: Callable[..., Path], tmp_path: Path):
    cluster = LocalCluster(tmp_path / "kafka", heap="256m")
    errors, log_dir = tmp_path / "stderr", tmp_path / "scored"
    settings = ["--broker", cluster.url, "--partitions", "2", "--log-dir", str(log_dir)]
    with errors.open("wb") as said:
        worker = subprocess.Popen([COMMAND, "worker", *settings], stdin=subprocess.DEVNULL, stderr=said)
    try:
        wait_for(worker, errors, "No Kafka can be reached")
        wait_for(worker, errors, "Next try in 1.0 s")
        with cluster:
            wait_for(worker, errors, "worker is ready")
            log = make_log(samples=10)
            subprocess.run(
                [COMMAND, "publish", str(log), "--broker", cluster.url], check=True, stdin=subprocess.DEVNULL
            )
            wait_for(worker, errors, "10 samples, log ")
            worker.terminate()
            assert worker.wait(30) == 0
    finally:
        worker.kill()
        worker.wait()
    assert [path.suffix for path in log_dir.iterdir()] == [".eval"]


def wait_for(worker: subprocess.Popen[bytes], errors: Path, text: str) -> None:
    end = time.monotonic() + 90
    while text not in errors.read_text():
        assert worker.poll() is None, errors.read_text()
        assert time.monotonic() < end, errors.read_text()
        time.sleep(0.05)
