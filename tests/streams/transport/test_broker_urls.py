"""From a URL to its store, and what a wrong one says."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalstream.streams.errors import BrokerError
from evalstream.streams.transport.memory_store import MemoryStore
from evalstream.streams.transport.sqlite_store import SqliteStore
from evalstream.streams.transport.stores import close_store, embedded_folder, open_store


def test_all_parts_of_a_process_share_one_store_per_url(tmp_path: Path):
    url = f"embedded://{tmp_path}/b"
    store = open_store(url)
    try:
        assert isinstance(store, SqliteStore)
        assert open_store(url) is store
    finally:
        close_store(url)
    again = open_store(url)
    assert again is not store
    close_store(url)
    close_store(url)


def test_memory_stores_are_told_apart_by_name():
    one, other = open_store("memory://one"), open_store("memory://other")
    assert isinstance(one, MemoryStore)
    assert one is not other
    close_store("memory://one")
    close_store("memory://other")


def test_a_folder_may_have_blanks_and_other_letters(tmp_path: Path):
    assert embedded_folder("embedded:///my%20evals/d%C3%A9j%C3%A0") == Path("/my evals/déjà")
    assert embedded_folder(f"embedded://{tmp_path}/with blank") == tmp_path / "with blank"


@pytest.mark.parametrize("url", ["embedded://host/dir", "embedded://", "embedded:///", "embedded://./relative"])
def test_a_url_without_a_folder_says_how_to_write_one(url: str):
    with pytest.raises(BrokerError, match=r"embedded:///"):
        open_store(url)


@pytest.mark.parametrize("url", ["redis://localhost", "localhost:9092", "", "/some/dir"])
def test_an_unknown_scheme_says_which_there_are(url: str):
    with pytest.raises(BrokerError, match="embedded:///folder"):
        open_store(url)


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match=r"file/b.* cannot be opened"):
        open_store(f"embedded://{tmp_path}/file/b")
    with pytest.raises(BrokerError, match="cannot be opened"):
        open_store(f"embedded://{tmp_path}/file/b")
