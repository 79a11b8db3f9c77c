"""Fixtures of the command line's tests: small logs, files of scorers, and the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from evalstream.streams.cli import main

from .helpers import LINES, log_of, sample


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in. Afterwards: no temporary file is left, and no log that was an input has changed."""
    monkeypatch.chdir(tmp_path)
    # Commands run in this process, where each would be remembered by those that follow.
    monkeypatch.setattr("evalstream.scorers.untrusted._given", set())
    for name in list(os.environ):
        if name.startswith(("INSPECT_", "EVALSTREAM_")):
            monkeypatch.delenv(name)
    yield tmp_path
    left = [path.name for path in tmp_path.rglob("*") if path.name.startswith((".evalstream", "tmp"))]
    assert left == []


@pytest.fixture
def make_log(folder) -> Callable[..., Path]:
    def make(*samples: dict[str, Any], name: str = "log.json", epochs: int = 1, **fields: Any) -> Path:
        path = folder / name
        path.write_text(json.dumps(log_of(list(samples), epochs, **fields), indent=2))
        return Path(name)

    return make


@pytest.fixture
def five(make_log) -> Path:
    """A log of five samples, without scores; `match` gives C to each of them."""
    return make_log(*(sample(number) for number in range(1, 6)))


@pytest.fixture
def scorer_file(folder) -> Callable[..., Path]:
    """Make a file with one scorer, `made`, of this body."""

    def make(body: str, name: str = "made.py", decorator: str = "@scorer(metrics=[accuracy()])") -> Path:
        lines = "\n".join(f"        {line}" for line in body.splitlines())
        (folder / name).write_text(
            "import asyncio, os, signal, time\nfrom evalstream.scorers import *\n\n"
            f"{decorator}\ndef made(option: int = 0):\n    async def score(state, target):\n{lines}\n    return score\n"
        )
        return Path(name)

    return make


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run the command in this process."""

    def invoke(*arguments: object, **options: Any) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], **options)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def spawn(folder) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a process of its own, after a few lines of Python.

    Without coverage, which takes SIGTERM for itself, and which a full disk hinders from writing what it found.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}

    def start(*arguments: object, before: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
        code = f"{before}\n{LINES}"
        line = [sys.executable, "-c", code, *(str(argument) for argument in arguments)]
        return subprocess.run(
            line,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
            **{"env": environment, **options},
        )

    return start
