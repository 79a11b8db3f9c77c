"""Finding logs in a folder, as Inspect does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs as list_theirs
from parity import LOGS

from evalstream import list_eval_logs, read_eval_log
from evalstream.streams.errors import UsageError

STEM = "2026-11-20T20-31-01-00-00"


@pytest.fixture
def folder(tmp_path):
    names = [
        ("a_scored.eval", f"{STEM}_addition_abc.eval"),
        ("a_scored.eval", f"below/{STEM}_addition_abc-scored.eval"),
        ("a_scored.json", f"{STEM}_addition_xyz.json"),
        ("e_choice.eval", "mine.eval"),
        ("e_choice.eval", f"{STEM}_mc_some-model_def.eval"),
    ]
    for age, (source, name) in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        shutil.copy(LOGS / source, path)
        os.utime(path, (1_000_000 + age, 1_000_000 + age))
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "broken.eval").write_text("no log")
    os.utime(tmp_path / "broken.eval", (1, 1))
    return tmp_path


def listed(infos):
    return [(Path(i.name).name, i.size, i.task, i.task_id, i.suffix) for i in infos]


@pytest.mark.parametrize(
    "options", [{}, {"descending": False}, {"recursive": False}, {"formats": ["eval"]}, {"formats": ["eval", "json"]}]
)
def test_the_logs_of_a_folder_are_those_that_inspect_lists(folder, options):
    assert listed(list_eval_logs(folder, **options)) == listed(list_theirs(str(folder), **options))


def test_formats_leave_out_the_others(folder):
    # Inspect lists every .eval whatever is asked for.
    assert [Path(info.name).name for info in list_eval_logs(folder, formats=["json"])] == [f"{STEM}_addition_xyz.json"]


def test_a_filter_sees_headers(folder):
    (folder / "broken.eval").unlink()
    infos = list_eval_logs(folder, filter=lambda log: log.eval.task == "mc" and log.samples is None)
    assert len(infos) == 2
    assert read_eval_log(infos[0]).eval.task == "mc"


def test_what_inspect_lists_can_be_read(folder):
    info = list_theirs(str(folder))[0]
    assert read_eval_log(info.name).location.endswith(Path(info.name).name)


def test_without_a_folder_it_is_that_of_the_environment(folder, monkeypatch):
    monkeypatch.setenv("INSPECT_LOG_DIR", str(folder))
    assert len(list_eval_logs()) == 6
    assert list_eval_logs(folder / "nowhere") == []
    with pytest.raises(UsageError):
        list_eval_logs("s3://bucket/logs")
