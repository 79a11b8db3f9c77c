"""One cluster at a time on a folder, and always the same one."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalstream.streams.errors import BrokerError
from evalstream.streams.local_kafka.folder import ClusterFolder
from evalstream.streams.local_kafka.locks import FileLock


def test_a_second_cluster_hears_who_is_the_first(tmp_path: Path):
    first, second = ClusterFolder(tmp_path), ClusterFolder(tmp_path)
    first.claim(123, "127.0.0.1:9092")
    with pytest.raises(BrokerError, match=r"kafka://127\.0\.0\.1:9092 \(started by process 123\): use that one"):
        second.claim(124, "127.0.0.1:9093")
    assert second.running_at() == "127.0.0.1:9092"
    first.lock.release()
    assert second.running_at() is None
    second.claim(124, "127.0.0.1:9093")
    assert first.running_at() == "127.0.0.1:9093"


def test_a_first_one_that_has_not_yet_said_who_it_is_keeps_its_folder(tmp_path: Path):
    holder = FileLock(tmp_path / "lock")
    holder.acquire()
    with pytest.raises(BrokerError, match="already runs on"):
        ClusterFolder(tmp_path).claim(1, "127.0.0.1:9092")
    holder.release()


def test_a_folder_that_is_not_there_is_not_made_by_a_look(tmp_path: Path):
    assert ClusterFolder(tmp_path / "none").running_at() is None
    assert not (tmp_path / "none").exists()


def test_a_cluster_keeps_its_id(tmp_path: Path):
    made = ClusterFolder(tmp_path).cluster_id(1)
    assert len(made) == 22
    assert ClusterFolder(tmp_path).cluster_id(1) == made


def test_data_of_more_nodes_are_not_those_of_one(tmp_path: Path):
    ClusterFolder(tmp_path).cluster_id(3)
    with pytest.raises(BrokerError, match="a cluster of 3 nodes, not 1"):
        ClusterFolder(tmp_path).cluster_id(1)


@pytest.mark.parametrize("text", ["", "[]", '{"cluster_id": "x"}', '{"cluster_id": "x", "nodes": "many"}'])
def test_a_damaged_id_is_said_to_be_so(tmp_path: Path, text: str):
    (tmp_path / "cluster.json").write_text(text)
    with pytest.raises(BrokerError, match=r"cluster\.json is damaged"):
        ClusterFolder(tmp_path).cluster_id(1)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BrokerError, match="choose a folder that you may write to"):
        ClusterFolder(tmp_path / "file" / "kafka").claim(1, "127.0.0.1:9092")
