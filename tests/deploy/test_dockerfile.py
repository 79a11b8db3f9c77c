"""The Dockerfile, as far as that can be known without Docker. `make lint` has hadolint read it, too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from deploy_files import ALIVE, COMMANDS, ROOT, SETTINGS, image_pin, stages

BUILD, FINAL = stages()


def context() -> set[str]:
    """Return what .dockerignore lets into the build."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    assert all(rule.startswith("!/") for rule in rules[1:-1])
    return {rule.removeprefix("!/") for rule in rules[1:-1]}


def sources() -> set[str]:
    """Return what the stages copy from the repository."""
    return {source for stage in (BUILD, FINAL) for origin, files, _ in stage.copies if not origin for source in files}


def test_both_stages_start_from_one_pinned_python() -> None:
    assert image_pin(BUILD.image) == image_pin(FINAL.image)
    # An environment made on one Debian may not run on an older one.
    assert BUILD.image.rpartition("-")[2] == FINAL.image.rpartition("-")[2]
    assert "-slim-" in FINAL.image


def test_the_python_is_one_that_the_package_allows() -> None:
    minor = int(image_pin(FINAL.image).split(".")[1])
    assert f"Programming Language :: Python :: 3.{minor}" in (ROOT / "pyproject.toml").read_text("utf-8")
    assert f"/usr/local/lib/python3.{minor}" in " ".join(FINAL.of("RUN"))


@pytest.mark.parametrize("source", sorted(sources()))
def test_what_is_copied_exists_and_is_in_the_context(source: str) -> None:
    assert (ROOT / source).exists()
    assert source in context()


def test_the_context_holds_only_what_is_copied() -> None:
    assert context() == sources()


def test_the_links_of_the_package_lead_to_folders_that_are_copied_beside_it() -> None:
    links = [path for path in (ROOT / "evalstream").iterdir() if path.is_symlink()]
    assert links
    targets = {files[0]: target for _, files, target in BUILD.copies}
    assert targets["evalstream"] == "evalstream"
    for link in links:
        assert link.readlink() == Path("..", link.name)
        assert targets[link.name] == link.name


def test_every_install_is_held_to_the_pins() -> None:
    installs = [line for run in BUILD.of("RUN") for line in run.split("&&") if " install " in line]
    assert len(installs) == 3
    pinned = [("--constraint constraints.txt" in line) != ("--no-deps --no-index" in line) for line in installs]
    assert all(pinned), installs


def test_the_final_stage_takes_the_environment_of_the_first() -> None:
    assert BUILD.name == "build"
    assert ("build", ["/opt/evalstream"], "/opt/evalstream") in FINAL.copies
    assert FINAL.env["PATH"].startswith("/opt/evalstream/bin:")
    # The environment's python is a link to the image's, which is at the same place in both.
    assert "-m venv" in " ".join(BUILD.of("RUN"))


def test_it_runs_as_a_user_by_number_who_owns_the_folder_of_logs() -> None:
    user, _, group = FINAL.last("USER").partition(":")
    assert int(user) > 0
    assert int(group) > 0
    made = " ".join(FINAL.of("RUN"))
    assert f"useradd --uid {user} --gid {group} " in made
    assert f"install --directory --owner={user} --group={group} {FINAL.env['EVALSTREAM_LOG_DIR']}" in made


def test_nothing_is_written_outside_tmp_and_the_logs() -> None:
    assert FINAL.last("WORKDIR") == "/tmp"
    assert "--home-dir /tmp " in " ".join(FINAL.of("RUN"))
    assert FINAL.env["PYTHONDONTWRITEBYTECODE"] == "1"
    assert "compileall" in " ".join(FINAL.of("RUN"))


def test_it_runs_the_command_itself_so_that_signals_reach_it() -> None:
    assert json.loads(FINAL.last("ENTRYPOINT")) == ["evalstream"]
    assert tuple(json.loads(FINAL.last("CMD"))) in COMMANDS
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert re.search(r"^\[project\.scripts\]\nevalstream = ", project, re.M)


def test_its_health_check_asks_whether_the_worker_lives() -> None:
    python, probe, path = FINAL.health_check
    assert (python, path) == ("python", ALIVE)
    assert ("", ["deploy/probe.py"], probe) in FINAL.copies


def test_its_settings_are_known_and_its_port_is_told() -> None:
    ours = {name for name in FINAL.env if name.startswith("EVALSTREAM_")}
    assert ours
    assert ours <= SETTINGS
    assert FINAL.of("EXPOSE") == [FINAL.env["EVALSTREAM_METRICS_PORT"]]
    assert FINAL.env["EVALSTREAM_METRICS_HOST"] == "0.0.0.0"
