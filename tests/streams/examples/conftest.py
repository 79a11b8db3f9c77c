"""Fixtures of the examples: names that one of them registers are not there for the next."""

from __future__ import annotations

import pytest

from evalstream.scorers import registry


@pytest.fixture(autouse=True)
def own_registry(monkeypatch, tmp_path):
    monkeypatch.setattr(registry, "_entries", dict(registry._entries))
    monkeypatch.setattr("evalstream.scorers.load._loaded", {})
    monkeypatch.setattr("evalstream.scorers.untrusted._given", set())
    for name in ("INSPECT_LOG_DIR", "INSPECT_EVAL_MODEL", "EVALSTREAM_MODEL", "EVALSTREAM_MODEL_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
