from __future__ import annotations

import pytest

from evalstream.scorers.models import patience
from evalstream.scorers.models.services import SERVICES


@pytest.fixture
def server(judge_server):
    return judge_server


@pytest.fixture(autouse=True)
def no_services_of_this_machine(monkeypatch):
    """Take away keys and URLs that whoever runs the tests may have, and proxies."""
    for service in SERVICES.values():
        for name in (*service.keys, *service.urls):
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("INSPECT_EVAL_MODEL_BASE_URL", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    """Pauses between attempts as in life, but in a fiftieth of the time."""
    monkeypatch.setattr(patience, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(patience, "LONGEST_PAUSE", 0.05)
