"""What the tests of deployments share: the files, read, and the facts of the worker that they must agree with."""

from __future__ import annotations

import io
import json
import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from dockerfile_parse import DockerfileParser
from jsonschema import Draft202012Validator

from evalstream.streams.settings.info import INFO
from evalstream.streams.settings.model import Settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
SCHEMAS = Path(__file__).with_name("schemas")

# Facts of the worker.

SETTINGS = {info.variable for info in INFO.values()}
"""Every environment variable of ours that the deployments may set."""

PARTITIONS = Settings().partitions
"""Of each topic, unless its maker said otherwise."""

DRAIN_SECONDS = 60
"""How long a worker may take, after SIGTERM, to finish what it has begun."""

ALIVE, READY, METRICS = "/healthz", "/readyz", "/metrics"
"""What the worker answers over HTTP."""

COMMANDS = {("worker",), ("topics", "create")}
"""The commands that the deployments run."""

CONSUMER_GROUP = Settings().app_id
"""Faust calls its consumer group as its app."""


def load_text(text: str) -> Any:
    """Read one YAML document."""
    return yaml.safe_load(text)


def load(path: Path) -> Any:
    """Read a file with one YAML document."""
    return load_text(path.read_text("utf-8"))


def compose() -> dict[str, Any]:
    document: dict[str, Any] = load(ROOT / "docker-compose.yml")
    return document


def settings_env() -> dict[str, str]:
    """Read the settings of the workers on Kubernetes."""
    lines = (KUBERNETES / "settings.env").read_text("utf-8").splitlines()
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert all(equals for _, equals, _ in pairs)
    return {name: value for name, _, value in pairs}


class Stage:
    """One stage of a Dockerfile: its base image, its name and its instructions in order."""

    def __init__(self, image: str, name: str) -> None:
        self.image = image
        self.name = name
        self.instructions: list[tuple[str, str]] = []

    def of(self, instruction: str) -> list[str]:
        """Return the values of an instruction, one per time that it stands there."""
        return [value for name, value in self.instructions if name == instruction]

    def last(self, instruction: str) -> str:
        """Return the value of the instruction that counts."""
        return self.of(instruction)[-1]

    @property
    def env(self) -> dict[str, str]:
        pairs = [pair.partition("=") for value in self.of("ENV") for pair in shlex.split(value)]
        return {name: value for name, _, value in pairs}

    @property
    def copies(self) -> list[tuple[str, list[str], str]]:
        """Where from (a stage, or "" for the repository), what, and where to."""
        copies = []
        for value in self.of("COPY"):
            options = re.findall(r"--(\w+)=(\S+)", value)
            *sources, target = re.sub(r"--\S+", "", value).split()
            copies.append((dict(options).get("from", ""), sources, target))
        return copies

    @property
    def health_check(self) -> list[str]:
        _, _, command = self.last("HEALTHCHECK").partition("CMD")
        words: list[str] = json.loads(command)
        return words


def stages() -> list[Stage]:
    """Read the Dockerfile."""
    file = io.BytesIO((DEPLOY / "Dockerfile").read_bytes())
    stages: list[Stage] = []
    for part in DockerfileParser(fileobj=file).structure:
        instruction, value = part["instruction"], part["value"]
        if instruction == "FROM":
            image, _, name = value.partition(" AS ")
            stages.append(Stage(image, name))
        elif instruction != "COMMENT":
            stages[-1].instructions.append((instruction, value))
    return stages


def image_pin(image: str) -> str:
    """Return the exact version that an image's tag names.

    A tag such as 3.12 or latest names another image tomorrow.
    """
    pin = re.fullmatch(r"[\w./-]+:v?(\d+\.\d+\.\d+)(-[\w-]+)?", image)
    assert pin, f"{image} is not pinned to a version with three numbers"
    return pin[1]


def flaws(document: Any, schema: str) -> list[str]:
    """Return where a document breaks one of the schemas in schemas/, and how."""
    validator = Draft202012Validator(json.loads((SCHEMAS / schema).read_text("utf-8")))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
