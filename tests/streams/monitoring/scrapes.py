"""Workers as others see them: commands, their pages, and the series on them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from waiting import wait_for

BIN = Path(sys.executable).parent
EVALSTREAM = str(BIN / "evalstream")
PATIENCE = 60.0

# Not through a proxy of the environment.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def program(name: str) -> str:
    """Path of promtool or prometheus: where make puts it, or on the path."""
    found = shutil.which(name, path=os.pathsep.join([str(BIN), os.environ.get("PATH", "")]))
    assert found, f"{name} is not here: `make {BIN.parent.name}/bin/promtool` gets it from Debian's package prometheus"
    return found


def get(url: str, accept: str = "*/*") -> tuple[int, str]:
    """Return status and body of a page."""
    try:
        with _opener.open(urllib.request.Request(url, headers={"Accept": accept}), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Series:
    """The series of one scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))

    def all(self, name: str) -> list[tuple[Mapping[str, str], float]]:
        return [(s.labels, s.value) for family in self.families for s in family.samples if s.name == name]

    def value(self, name: str, **labels: str) -> float | None:
        """Sum of the series that have these labels; None if there are none."""
        found = [value for have, value in self.all(name) if labels.items() <= have.items()]
        return sum(found) if found else None


class Worker:
    """A worker process with metrics on a port of its own choice."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.url = self._wait_for(r"metrics on (http://\S+)/metrics")

    def _wait_for(self, pattern: str) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError("".join(self.lines))

    def series(self) -> Series:
        status, text = get(f"{self.url}/metrics")
        assert status == 200, text
        return Series(text)

    def until_ready(self) -> Worker:
        wait_for(lambda: get(f"{self.url}/readyz")[0] == 200, "a worker that is ready")
        return self

    def until_series(self, name: str, value: float, **labels: str) -> Series:
        def look() -> Series | None:
            series = self.series()
            return series if series.value(name, **labels) == value else None

        return wait_for(look, f"{name} {labels} to be {value}")

    def stop(self) -> str:
        """Tell it to stop, and return what it had logged."""
        self.process.terminate()
        _, rest = self.process.communicate(timeout=PATIENCE)
        self.lines.append(rest)
        return "".join(self.lines)

    def rest(self) -> list[str]:
        """Return what an ended worker wrote and nobody has read."""
        assert self.process.stderr is not None
        return [] if self.process.stderr.closed else self.process.stderr.readlines()


@contextmanager
def worker(*options: object) -> Iterator[Worker]:
    """Run a worker for the block; it is stopped, and must end well."""
    process = subprocess.Popen(
        [EVALSTREAM, "worker", "--metrics-port", "0", *map(str, options)], stderr=subprocess.PIPE, text=True
    )
    started: Worker | None = None
    try:
        started = Worker(process)
        yield started
        if process.poll() is None:
            started.stop()
        assert process.returncode == 0, "".join(started.lines)
    finally:
        process.kill()
        if started is not None:
            sys.stdout.writelines([f"{started.url}:\n", *started.lines, *started.rest()])  # shown if the test fails
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def publish(*options: object) -> None:
    subprocess.run([EVALSTREAM, "publish", *map(str, options)], check=True, capture_output=True)
