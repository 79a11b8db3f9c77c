"""What is shipped: the wheel holds plain files and works on its own; the pins name every dependency."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import evalstream

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that sees nothing of this repository, and return what it printed."""
    foreign = ("PYTHON", "COV", "PIP_CONSTRAINT", "EVALSTREAM_", "INSPECT_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    done = subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # Nothing is fetched: the build backend is one of the test extra's packages.
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"),
        *("--wheel-dir", folder, ROOT),
        cwd=folder,
    )
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel installed; its dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    run(
        *(sys.executable, "-m", "pip", "--python", folder / "bin" / "python"),
        *("install", "--quiet", "--no-deps", "--no-index", wheel),
        cwd=folder,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    # A folder named in a .pth file is searched, but its own .pth files are not read: the editable install stays unseen.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def test_the_wheel_holds_every_module_as_a_plain_file(wheel: Path) -> None:
    expected = {
        f"evalstream/{path.relative_to(ROOT).as_posix()}"
        for half in ("scorers", "streams")
        for path in (ROOT / half).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as made:
        members = made.infolist()
    names = {member.filename for member in members}
    assert expected <= names
    assert {"evalstream/__init__.py", "evalstream/py.typed"} <= names
    assert not [member.filename for member in members if stat.S_ISLNK(member.external_attr >> 16)]
    assert not [name for name in names if not name.startswith(("evalstream/", "evalstream-"))]


def test_the_wheel_has_the_package_version(wheel: Path) -> None:
    assert wheel.name.startswith(f"evalstream-{evalstream.__version__}-py3-none-any")


def test_the_installed_wheel_says_its_version(environment: Path, tmp_path: Path) -> None:
    said = run(environment / "bin" / "evalstream", "--version", cwd=tmp_path)
    assert evalstream.__version__ in said


def test_the_installed_wheel_runs_its_own_files(environment: Path, tmp_path: Path) -> None:
    where = "import evalstream.scorers, evalstream.streams as s; print(evalstream.scorers.__file__, s.__file__)"
    files = run(environment / "bin" / "python", "-c", where, cwd=tmp_path).split()
    assert [Path(file).is_relative_to(environment) for file in files] == [True, True]


def test_the_installed_wheel_scores_the_example(environment: Path, tmp_path: Path) -> None:
    scored = tmp_path / "scored.eval"
    log = ROOT / "examples" / "addition.eval"
    said = run(environment / "bin" / "evalstream", "score", log, "--output-file", scored, cwd=tmp_path)
    assert "accuracy" in said
    assert scored.stat().st_size > 0


def test_the_constraints_pin_every_dependency_by_name_and_version_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [re.fullmatch(r"([a-z0-9-]+)==[\w.]+( ; .+)?", line) for line in lines]
    assert all(pins), [line for line, pin in zip(lines, pins, strict=True) if not pin]
    pinned = {pin[1] for pin in pins if pin}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = re.findall(r"^(?:dependencies|\w+) = \[\n(.*?)^\]", project.split("[project.scripts]")[0], re.M | re.S)
    needed = {name.lower() for part in lists for name in re.findall(r'^  "([\w-]+)[=<>;\[]', part, re.M)}
    assert {"click", "pytest", "ruff"} <= needed
    assert needed <= pinned
