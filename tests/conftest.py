from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from judge_server import JudgeServer

# How long an example takes is the machine's affair: nothing here may fail because others use it, too.
settings.register_profile("evalstream", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("evalstream")


@pytest.fixture(autouse=True)
def sources_of_its_own(monkeypatch):
    """Let a test know the files of scorers that it loads: each process of scorers would load those of all tests."""
    monkeypatch.setattr("evalstream.scorers.origins._order", {})


@pytest.fixture
def judge_server():
    """A judge's service on this machine; it answers "GRADE: C" until it is told something else."""
    with JudgeServer() as running:
        yield running
