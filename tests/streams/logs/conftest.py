"""Fixtures: the shipped logs, and factories of files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from log_helpers import DATA, zip_bytes

MakeZip = Callable[..., Path]


@pytest.fixture
def logs() -> Path:
    return DATA


@pytest.fixture
def make_zip(tmp_path: Path) -> MakeZip:
    """Return a function that writes a zip of the given members with Python's own zipfile."""

    def make(
        members: Mapping[str, bytes] | list[tuple[str, bytes]],
        method: int = zipfile.ZIP_DEFLATED,
        name: str = "made.eval",
    ) -> Path:
        path = tmp_path / name
        pairs = list(members.items()) if isinstance(members, Mapping) else members
        path.write_bytes(zip_bytes(pairs, method))
        return path

    return make


@pytest.fixture
def leftovers(tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that lists temporary files that somebody forgot."""
    return lambda: sorted(path.name for path in tmp_path.rglob(".evalstream-*"))
