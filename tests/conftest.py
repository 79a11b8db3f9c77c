from __future__ import annotations

import pytest
from judge_server import JudgeServer


@pytest.fixture(autouse=True)
def sources_of_its_own(monkeypatch):
    """Let a test know the files of scorers that it loads: each process of scorers would load those of all tests."""
    monkeypatch.setattr("evalstream.scorers.origins._order", {})


@pytest.fixture
def judge_server():
    """A judge's service on this machine; it answers "GRADE: C" until it is told something else."""
    with JudgeServer() as running:
        yield running
