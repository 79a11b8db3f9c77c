"""The rules of the house, checked on every file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*(ROOT / "scorers").rglob("*.py"), *(ROOT / "streams").rglob("*.py")])
LONGEST = 350

DECIDING = ("tally", "materialise", "publish", "logs", "scoring", "claims.py", "members.py", "events.py", "topics.py")
"""Parts of streams/ that decide, and know of no event loop."""
SHELL = ["scorer_thread.py", "child.py", "process.py", "processes.py"]  # where scorers run, among what decides

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports, wherever in it."""
    package = ["evalstream", *path.relative_to(ROOT).parent.parts]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def imported_from(path: Path, *roots: str) -> list[str]:
    return [name for name in imports(path) if any(name == root or name.startswith(f"{root}.") for root in roots)]


@pytest.mark.parametrize("path", [p for p in FILES if "scorers" in p.parts], ids=lambda path: path.name)
def test_scorers_know_nothing_of_streams(path: Path):
    assert imported_from(path, "evalstream.streams", "streams", "faust", "mode", "kafka", "aiokafka") == []


def test_importing_the_scorers_imports_nothing_of_streams():
    code = "import sys, evalstream.scorers; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert not loaded & {"faust", "mode", "kafka", "aiokafka", "inspect_ai"}
    assert not any(name.startswith("evalstream.streams") for name in done.stdout.split())


def deciding() -> list[Path]:
    parts = [ROOT / "streams" / name for name in DECIDING]
    return [p for p in FILES if p.name not in SHELL and any(p == part or part in p.parents for part in parts)]


@pytest.mark.parametrize("path", deciding(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_decides_needs_neither_faust_nor_an_event_loop(path: Path):
    assert imported_from(path, "faust", "mode", "asyncio", "evalstream.streams.agents", "evalstream.streams.app") == []


def test_only_the_shell_imports_faust():
    users = {path.relative_to(ROOT / "streams").parts[0] for path in FILES if imported_from(path, "faust", "mode")}
    assert users <= {"app.py", "recovery.py", "table_manager.py", "transport"}


@each_file
def test_no_file_is_long(path: Path):
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


@each_file
def test_every_module_says_what_it_is_for(path: Path):
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
