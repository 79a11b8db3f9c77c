from __future__ import annotations

import pytest
from judge_server import JudgeServer


@pytest.fixture
def judge_server():
    """A judge's service on this machine; it answers "GRADE: C" until it is told something else."""
    with JudgeServer() as running:
        yield running
