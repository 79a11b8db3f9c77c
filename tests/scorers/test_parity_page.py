"""docs/parity.md says of every public name of Inspect's scorers what becomes of it here, and cannot go stale."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import NamedTuple

import inspect_ai.scorer
import pytest

import evalstream.scorers as own

PAGE = Path(__file__).parents[2] / "docs" / "parity.md"
OLD_NAMES = {"ProvenanceData", "bootstrap_std"}
"""Names that Inspect still finds, with a warning, and does not list."""


class Row(NamedTuple):
    name: str
    here: str
    why: str
    shown_by: str


def rows() -> list[Row]:
    cells = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*)\| \[\w+\]\(([^)]*)\) \|$", PAGE.read_text("utf-8"), re.M)
    return [Row(name, here, why.strip(), path) for name, here, why, path in cells]


each_row = pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)


def test_the_page_has_one_row_for_every_public_name_of_inspect_and_no_other():
    names = [row.name for row in rows()]
    assert sorted(names) == sorted({*inspect_ai.scorer.__all__, *OLD_NAMES})


def test_the_page_names_the_version_that_it_was_compared_with():
    assert f"`inspect_ai.scorer` {inspect_ai.__version__}" in PAGE.read_text("utf-8")


def test_old_names_are_those_that_inspect_finds_and_does_not_list():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert all(hasattr(inspect_ai.scorer, name) for name in OLD_NAMES)
    assert not OLD_NAMES & set(inspect_ai.scorer.__all__)


@each_row
def test_each_row_is_true_in_form(row: Row):
    assert row.name in own.__all__
    assert row.here in {"same", "same by extra", "differs"}
    assert row.here == "same" or row.why
    assert (row.here == "same by extra") == ("evalstream[" in row.why)


@each_row
def test_each_row_names_a_test_that_speaks_of_it(row: Row):
    known_as = row.name.removesuffix("_score")  # reducers are tested by the names that logs give them
    assert re.search(rf"\b{known_as}(_score)?\b", (PAGE.parent / row.shown_by).read_text("utf-8"))
