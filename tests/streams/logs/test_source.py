from __future__ import annotations

import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from log_helpers import EVAL_LOGS, MINIMAL, ZSTD, members_of

from evalstream.streams.errors import (
    DamagedLogError,
    LogChangedError,
    LogError,
    LogNotFoundError,
    LogReadError,
    NotALogError,
    SampleDecodeError,
)
from evalstream.streams.logs.source import cut_sample, open_log

SAMPLE = b'{"id":1,"epoch":1,"input":"i","target":"t"}'


@pytest.mark.parametrize("name", EVAL_LOGS)
def test_a_log_of_inspect_is_read_as_it_is(logs, name):
    members = members_of(logs / name)
    with open_log(logs / name) as log:
        assert (log.format, log.compression) == ("eval", ZSTD)
        assert log.header == json.loads(members["header.json"])
        assert log.start == json.loads(members["_journal/start.json"])
        names = [log.sample_name(i) for i in range(log.sample_count)]
        assert sorted(names) == sorted(n for n in members if n.startswith("samples/"))
        assert [log.read_sample(i) for i in range(log.sample_count)] == [members[n] for n in names]
        samples = [json.loads(members[n]) for n in names]
        assert list(log.keys()) == [(str(s["id"]), s["epoch"]) for s in samples]
        assert b"".join(log.reductions() or ()) == members.get("reductions.json", b"")
        assert log.extra_members() == {}


def test_a_json_log_of_inspect_is_read_as_it_is(logs):
    whole = json.loads((logs / "a_scored.json").read_bytes())
    with open_log(logs / "a_scored.json") as log:
        assert log.format == "json"
        assert log.header == {k: v for k, v in whole.items() if k not in ("samples", "reductions")}
        assert log.start == {k: whole[k] for k in ("version", "eval", "plan")}
        assert [json.loads(log.read_sample(i)) for i in range(log.sample_count)] == whole["samples"]
        assert list(log.keys()) == [(str(s["id"]), s["epoch"]) for s in whole["samples"]]
        assert json.loads(b"".join(log.reductions())) == whole["reductions"]
        assert log.extra_members() == {}


def test_the_content_decides_not_the_name(logs, tmp_path):
    for name, other in (("a_scored.eval", "log.json"), ("a_scored.json", "log.eval")):
        (tmp_path / other).write_bytes((logs / name).read_bytes())
        with open_log(tmp_path / other) as log:
            assert log.format == name.rpartition(".")[2]
            assert log.sample_count == 60


def test_a_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "my-log.eval").write_bytes(b"")
    with pytest.raises(LogNotFoundError, match=r"Did you mean .*my-log\.eval") as raised:
        open_log(tmp_path / "mylog.eval")
    assert raised.value.path == tmp_path / "mylog.eval"
    with pytest.raises(LogNotFoundError, match="Check the path"):
        open_log(tmp_path / "nowhere" / "log.eval")
    with pytest.raises(LogNotFoundError):
        open_log(tmp_path / "my-log.eval" / "log.eval")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"hello", "neither a .eval log .* nor a .json log"),
        (b"[1, 2]", "neither"),
        (b"\x1f\x8b gzip", "neither"),
        (b'{"a": 1}', "no 'eval' section"),
        (b'{"eval": "x"}', "no 'eval' section"),
        (b"{]}", "neither a log nor JSON|do not match"),
        (b'{"version": 3, "eval": {}}', "version 3"),
        (b'{"version": "2", "eval": {}}', "version '2'"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(LogError, match=message):
        open_log(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(NotALogError, match="folder"):
        open_log(tmp_path)


def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotALogError, match="regular file"):
        open_log(tmp_path / "pipe")


def test_what_the_system_does_not_let_us_read_is_explained(tmp_path, monkeypatch):
    path = tmp_path / "x.eval"
    path.write_bytes(b"PK")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(LogReadError, match="permission to read"):
            open_log(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pread", refuse)
        with pytest.raises(LogReadError, match="permission to read"):
            open_log(path)


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"readme.txt": b"hi"}, NotALogError, "a zip, but no log"),
        ({"samples/1_epoch_1.json": SAMPLE}, DamagedLogError, "neither header.json nor"),
        ({"header.json": b"{"}, DamagedLogError, r"header\.json: not JSON"),
        ({"header.json": b"[]"}, NotALogError, "no 'eval' section"),
        ({"header.json": b'{"version":3,"eval":{}}'}, NotALogError, "version 3"),
        ({"header.json": MINIMAL, "samples/1_epoch_1/sample.json": b"{}"}, NotALogError, "chunks"),
    ],
)
def test_zips_that_are_no_logs_are_refused(make_zip, members, error, message):
    with pytest.raises(error, match=message):
        open_log(make_zip(members))


def test_no_file_stays_open_after_a_refusal(make_zip, tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for content in (b"", b"x", b"{", b'{"a": 1}', make_zip({"a": b"1"}).read_bytes()):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(LogError):
            open_log(tmp_path / "x")
    with pytest.raises(LogError):
        open_log(tmp_path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_running_eval_is_read_from_its_journal(make_zip):
    start = b'{"version":2,"eval":{"task":"t"},"plan":{"name":"plan"}}'
    members = {"_journal/start.json": start, "samples/1_epoch_1.json": SAMPLE, "_journal/summaries/1.json": b"[]"}
    with open_log(make_zip(members)) as log:
        assert log.header == {"version": 2, "status": "started", "eval": {"task": "t"}, "plan": {"name": "plan"}}
        assert log.start == json.loads(start)
        assert log.sample_count == 1
        assert log.reductions() is None


def test_a_start_is_made_where_the_journal_has_none(make_zip):
    with open_log(make_zip({"header.json": MINIMAL})) as log:
        assert set(log.start) == {"version", "eval", "plan"}
        assert log.sample_count == 0
        assert list(log.keys()) == []


def test_members_of_other_kinds_are_handed_on(make_zip):
    other = {"_journal/config_updates/1.json": b"{}", "notes.txt": b"hello", "samples/readme.txt": b"x"}
    known = {
        "header.json": MINIMAL,
        "summaries.json": b"[]",
        "reductions.json": b"[]",
        "_journal/summaries/1.json": b"[]",
    }
    with open_log(make_zip({**known, **other})) as log:
        assert log.extra_members() == other
        assert b"".join(log.reductions()) == b"[]"


@pytest.mark.parametrize(("method", "kept"), [(zipfile.ZIP_STORED, 8), (zipfile.ZIP_DEFLATED, 8), (ZSTD, ZSTD)])
def test_the_compression_is_kept(make_zip, method, kept):
    with open_log(make_zip({"header.json": MINIMAL, "samples/1_epoch_1.json": SAMPLE}, method)) as log:
        assert log.compression == kept
        assert log.read_sample(0) == SAMPLE


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_requeued_sample_counts_once_and_as_last_written(make_zip):
    newer = SAMPLE.replace(b'"t"', b'"new"')
    pairs = [("header.json", MINIMAL)]
    pairs += [("samples/1_epoch_1.json", SAMPLE), ("samples/2_epoch_1.json", SAMPLE), ("samples/1_epoch_1.json", newer)]
    with open_log(make_zip(pairs)) as log:
        assert log.sample_count == 2
        assert list(log.keys()) == [("2", 1), ("1", 1)]
        assert log.read_sample(1) == newer


def test_ids_of_every_kind_are_keys(make_zip):
    ids = ["a/b", "../x", "/etc/passwd", "a_epoch_1", "ä b", "", "C:\\x", "line\nbreak", "x_epoch_1/sample"]
    members = {f"samples/{i}_epoch_3.json": SAMPLE for i in ids}
    with open_log(make_zip({"header.json": MINIMAL, **members})) as log:
        assert list(log.keys()) == [(i, 3) for i in ids]
        assert log.sample_count == len(ids)


def test_a_member_that_inspect_would_never_name_so_is_a_sample_all_the_same(make_zip):
    with open_log(make_zip({"header.json": MINIMAL, "samples/odd.json": SAMPLE})) as log:
        assert list(log.keys()) == [("1", 1)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"id":1,"epoch":1',
        b"nonsense",
        b'{"id":1}',
        b'{"epoch":1}',
        b'{"id":true,"epoch":1}',
        b'{"id":1.5,"epoch":1}',
        b'{"id":1,"epoch":"1"}',
        b'{"a":"\xff"}',
    ],
)
def test_one_broken_sample_costs_only_itself(make_zip, text):
    members = {"header.json": MINIMAL, "samples/1_epoch_1.json": SAMPLE, "samples/2_epoch_1.json": text}
    with open_log(make_zip(members)) as log:
        assert cut_sample(log, 0)["target"] == b'"t"'
        with pytest.raises(SampleDecodeError) as raised:
            cut_sample(log, 1)
        assert raised.value.member == "samples/2_epoch_1.json"


def test_nan_in_a_sample_is_no_obstacle(make_zip):
    text = SAMPLE[:-1] + b',"metadata":{"x":NaN,"y":[-Infinity]}}'
    with open_log(make_zip({"header.json": MINIMAL, "samples/1_epoch_1.json": text})) as log:
        assert cut_sample(log, 0)["metadata"] == b'{"x":NaN,"y":[-Infinity]}'


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_samples_are_read_from_many_threads(logs, name):
    with open_log(logs / name) as log, ThreadPoolExecutor(8) as threads:
        expected = [log.read_sample(i) for i in range(60)]
        assert list(threads.map(lambda i: log.read_sample(i % 60), range(600))) == expected * 10


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_a_change_of_the_file_is_noticed(logs, tmp_path, name):
    path = tmp_path / name
    path.write_bytes((logs / name).read_bytes())
    with open_log(path) as log:
        log.stamp.check()
        with path.open("ab") as file:
            file.write(b" ")
        assert log.stamp.changed()
        with pytest.raises(LogChangedError, match="changed while it was read"):
            log.stamp.check()
    with open_log(logs / name) as log:
        assert not log.stamp.changed()
    with open_log(path) as log:
        path.unlink()
        assert log.stamp.changed()


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_a_log_cut_anywhere_is_refused(logs, tmp_path, name):
    whole = (logs / name).read_bytes().rstrip()
    path = tmp_path / name
    for length in [*range(0, 300, 7), *range(300, len(whole), len(whole) // 60), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(LogError):
            open_log(path)


def test_a_json_that_shrinks_while_it_is_read_is_noticed(logs, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes((logs / "a_scored.json").read_bytes())
    with open_log(path) as log:
        os.truncate(path, 1000)
        with pytest.raises(DamagedLogError, match="shorter"):
            log.read_sample(59)


def test_control_characters_in_names_do_not_reach_the_terminal(make_zip):
    members = {"header.json": MINIMAL, "samples/\x1b[2J_epoch_1.json": b"x"}
    with open_log(make_zip(members)) as log, pytest.raises(SampleDecodeError) as raised:
        cut_sample(log, 0)
    assert "\x1b" not in str(raised.value)


def test_closing_twice_is_harmless(logs):
    for name in ("a_scored.eval", "a_scored.json"):
        log = open_log(logs / name)
        log.close()
        log.close()


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_a_disk_that_fails_later_is_explained(logs, monkeypatch, name):
    def fail(*_):
        raise OSError(5, "Input/output error")

    with open_log(logs / name) as log, monkeypatch.context() as patch:
        patch.setattr(os, "pread", fail)
        with pytest.raises(LogReadError, match="Check the disk"):
            log.read_sample(0)
