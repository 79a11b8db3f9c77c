"""docs/deploy.md speaks of the same settings, versions and files as what it describes."""

from __future__ import annotations

import re

import pytest
from deploy_files import ALIVE, DEPLOY, KUBERNETES, METRICS, READY, ROOT, SETTINGS, compose

import evalstream

DOCS = (ROOT / "docs" / "deploy.md").read_text("utf-8")


def test_it_names_settings_that_there_are() -> None:
    assert set(re.findall(r"EVALSTREAM_\w+", DOCS)) <= SETTINGS


@pytest.mark.parametrize("text", [DOCS, (DEPLOY / "Dockerfile").read_text("utf-8")], ids=["docs", "Dockerfile"])
def test_the_image_that_is_built_by_hand_has_the_packages_version(text: str) -> None:
    assert set(re.findall(r"--tag evalstream:(\S+)", text)) == {evalstream.__version__}


def test_it_names_the_broker_and_the_pages_where_they_are() -> None:
    assert "kafka://127.0.0.1:9092 " in DOCS
    assert compose()["services"]["kafka"]["ports"] == ["127.0.0.1:9092:9092"]
    assert "<http://127.0.0.1:9090>" in DOCS
    assert compose()["services"]["prometheus"]["ports"] == ["127.0.0.1:9090:9090"]
    assert all(f"`{path}`" in DOCS for path in (METRICS, ALIVE, READY))


def test_the_manifests_that_it_names_exist() -> None:
    named = set(re.findall(r"`(?:deploy/kubernetes/)?((?:[\w-]+/)?[\w-]+(?:\.example)?\.(?:yaml|env))`", DOCS))
    assert {"settings.env", "kafka-auth/secret.example.yaml", "keda/scaled-object.yaml"} <= named
    assert all((KUBERNETES / name).is_file() for name in named)
