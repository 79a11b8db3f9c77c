from __future__ import annotations

import hashlib
import json
import math
import zipfile

import pytest
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
from log_helpers import EVAL_LOGS, MINIMAL, ZSTD, members_of

from evalstream.streams.errors import LogWriteError
from evalstream.streams.logs.codec import DEFLATE, ZSTANDARD
from evalstream.streams.logs.source import cut_sample, open_log
from evalstream.streams.logs.summary import summarise
from evalstream.streams.logs.target import create_log

HEADER = json.loads(MINIMAL)
SCORED = {**HEADER, "results": {"total_samples": 1, "completed_samples": 1, "scores": []}}


def sample(sample_id, epoch=1, **more) -> bytes:
    return json.dumps({"id": sample_id, "epoch": epoch, "input": "i", "target": "t", **more}).encode()


def copy(source, path, **options) -> str:
    """Write a log that holds what the source holds."""
    old = source.reductions()
    with create_log(path, source.header, start=source.start, prepend_reductions=old, **options) as target:
        for i in range(source.sample_count):
            members = cut_sample(source, i)
            sample_id, epoch = json.loads(members["id"]), int(members["epoch"])
            target.add_sample(sample_id, epoch, source.read_sample(i), summarise(members))
        for name, data in source.extra_members().items():
            target.extra(name, data)
        return target.commit()


@pytest.mark.parametrize("name", EVAL_LOGS)
def test_a_copy_holds_the_members_of_the_log_bit_for_bit(logs, tmp_path, name):
    with open_log(logs / name) as source:
        digest = copy(source, tmp_path / "copy.eval", compression=source.compression)
    assert digest == hashlib.sha256((tmp_path / "copy.eval").read_bytes()).hexdigest()
    old, new = members_of(logs / name), members_of(tmp_path / "copy.eval")
    assert new == {k: v for k, v in old.items() if not k.startswith("_journal/summaries/")}
    order = [k for k in old if not k.startswith("_journal/summaries/")]
    assert list(new) == order


@pytest.mark.parametrize("name", EVAL_LOGS)
@pytest.mark.parametrize(("ending", "compression"), [("eval", ZSTANDARD), ("eval", DEFLATE), ("json", ZSTANDARD)])
def test_inspect_reads_a_copy_as_the_log(logs, tmp_path, name, ending, compression):
    path = tmp_path / f"copy.{ending}"
    with open_log(logs / name) as source:
        copy(source, path, compression=compression)
    old, new = read_eval_log(str(logs / name)), read_eval_log(str(path))
    for log in (old, new):
        log.samples.sort(key=lambda s: (s.epoch, str(s.id)))
    assert new.model_dump_json(exclude={"location"}) == old.model_dump_json(exclude={"location"})
    rows = [read_eval_log_sample_summaries(str(p)) for p in (logs / name, path)]
    dumped = [sorted(row.model_dump_json() for row in log) for log in rows]
    assert dumped[0] == dumped[1]
    one = old.samples[-1]
    again = read_eval_log_sample(str(path), one.id, one.epoch)
    assert again.model_dump_json() == one.model_dump_json()
    head = read_eval_log(str(path), header_only=True)
    assert head.results == old.results


def test_both_formats_lead_back_to_the_same_log(logs, tmp_path):
    with open_log(logs / "a_scored.json") as source:
        copy(source, tmp_path / "1.eval")
    with open_log(tmp_path / "1.eval") as source:
        copy(source, tmp_path / "2.json")
    assert json.loads((tmp_path / "2.json").read_bytes()) == json.loads((logs / "a_scored.json").read_bytes())
    with open_log(logs / "a_scored.json") as first, open_log(tmp_path / "2.json") as second:
        assert [first.read_sample(i) for i in range(60)] == [second.read_sample(i) for i in range(60)]


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_the_same_log_is_the_same_bytes(logs, tmp_path, ending):
    for number in "12":
        with open_log(logs / "a_scored.eval") as source:
            copy(source, tmp_path / f"{number}.{ending}")
    assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_new_reductions_follow_the_old_ones(logs, tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    heads = [{"scorer": "a", "reducer": "mean"}, {"scorer": "b"}, {"scorer": "nobody"}]
    with open_log(logs / "a_scored.json") as source:
        count = len(read_eval_log(str(logs / "a_scored.json")).reductions)
        options = dict(reductions=heads, prepend_reductions=source.reductions())
        with create_log(path, source.header, start=source.start, **options) as target:
            for i in range(3):
                target.add_reduction(1, b'{"value":NaN,"history":[],"sample_id":"b%d"}' % i)
                target.add_reduction(0, b'{"value":%d,"history":[],"sample_id":%d}' % (i, i))
            target.commit()
    reductions = read_eval_log(str(path)).reductions
    assert [(r.scorer, r.reducer, len(r.samples)) for r in reductions[count:]] == [
        ("a", "mean", 3),
        ("b", None, 3),
        ("nobody", None, 0),
    ]
    assert [s.sample_id for s in reductions[count].samples] == [0, 1, 2]
    assert all(math.isnan(s.value) for s in reductions[count + 1].samples)
    old = read_eval_log(str(logs / "a_scored.json")).reductions
    assert [r.model_dump_json() for r in reductions[:count]] == [r.model_dump_json() for r in old]


@pytest.mark.parametrize("old", [None, [], [b"[]"], [b" [ ", b"\n] "], [b"null"]])
@pytest.mark.parametrize("ending", ["eval", "json"])
def test_empty_reductions_leave_no_stray_comma(tmp_path, old, ending):
    path = tmp_path / f"log.{ending}"
    with create_log(path, SCORED, reductions=[{"scorer": "a"}], prepend_reductions=old) as target:
        target.commit()
    with open_log(path) as log:
        assert json.loads(b"".join(log.reductions())) == [{"scorer": "a", "samples": []}]


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_a_log_without_samples_and_reductions_is_legal(tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    with create_log(path, HEADER) as target:
        target.commit()
    with open_log(path) as log:
        assert (log.sample_count, log.reductions(), log.header) == (0, None, HEADER)
    assert read_eval_log(str(path)).status == "success"
    assert read_eval_log_sample_summaries(str(path)) == []


IDS = ["a/b", "../../x", "/etc/passwd", "..", "ä ☃", "", "x" * 500, "a\nb", 'quote"', "C:\\x", -7, 10**25]


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_no_id_confuses_the_log_or_leaves_the_folder(tmp_path, ending):
    path = tmp_path / "inner" / f"log.{ending}"
    path.parent.mkdir()
    with create_log(path, HEADER) as target:
        for i in IDS:
            target.add_sample(i, 2, sample(i, 2), sample(i, 2))
        target.commit()
    with open_log(path) as log:
        assert list(log.keys()) == [(str(i), 2) for i in IDS]
        assert [json.loads(log.read_sample(i))["id"] for i in range(len(IDS))] == IDS
    assert sorted(str(s.id) for s in read_eval_log(str(path)).samples) == sorted(str(i) for i in IDS)
    assert [p.name for p in tmp_path.rglob("*")] == ["inner", f"log.{ending}"]


def test_an_id_with_a_nul_is_still_read(tmp_path):
    path = tmp_path / "log.eval"
    with create_log(path, HEADER) as target:
        for i in ("a\0b", "a\0c"):
            target.add_sample(i, 1, sample(i), sample(i))
        target.commit()
    assert [s.id for s in read_eval_log(str(path)).samples] == ["a\0b", "a\0c"]


def test_ids_that_a_zip_cannot_tell_apart_need_a_json(tmp_path):
    for ending in ("eval", "json"):
        with create_log(tmp_path / f"log.{ending}", HEADER) as target:
            target.add_sample(1, 1, sample(1), sample(1))
            target.add_sample("1", 1, sample("1"), sample("1"))
            if ending == "eval":
                with pytest.raises(LogWriteError, match=r"Write a \.json instead"):
                    target.commit()
            else:
                target.commit()
    assert [p.name for p in tmp_path.iterdir()] == ["log.json"]
    assert [s.id for s in read_eval_log(str(tmp_path / "log.json")).samples] == [1, "1"]


def test_unknown_fields_are_kept(tmp_path):
    header = {"future": {"x": [1, None]}, **HEADER, "more": "ü"}
    text = sample(1, future={"y": 1})
    for ending in ("eval", "json"):
        path = tmp_path / f"log.{ending}"
        with create_log(path, header) as target:
            target.add_sample(1, 1, text, b"{}")
            target.extra("notes/other.json", b"[1]")
            target.commit()
        with open_log(path) as log:
            assert log.header == header
            assert log.read_sample(0) == text
            assert log.extra_members() == ({"notes/other.json": b"[1]"} if ending == "eval" else {})


def test_the_header_of_a_json_stands_before_the_samples_in_inspects_order(tmp_path):
    path = tmp_path / "log.json"
    header = {**dict(reversed(SCORED.items())), "metadata": {}, "tags": [], "unknown": 1, "error": None}
    with create_log(path, header, reductions=[{"scorer": "a"}]) as target:
        target.add_sample(1, 1, sample(1), b"")
        target.commit()
    keys = list(json.loads(path.read_bytes()))
    known = ["version", "status", "eval", "plan", "results", "stats", "tags", "metadata"]
    assert keys == [*known, "unknown", "samples", "reductions"]
    assert read_eval_log(str(path), header_only=True).results is not None


def test_nan_and_lone_surrogates_are_written(tmp_path):
    for ending in ("eval", "json"):
        path = tmp_path / f"log.{ending}"
        header = {**HEADER, "metadata": {"x": math.nan, "y": "\ud800"}}
        with create_log(path, header) as target:
            target.commit()
        with open_log(path) as log:
            assert math.isnan(log.header["metadata"]["x"])
            assert log.header["metadata"]["y"] == "\ud800"


@pytest.mark.parametrize("name", ["header.json", "summaries.json", "samples/1_epoch_1.json", "_journal/start.json"])
def test_an_extra_member_cannot_replace_a_real_one(tmp_path, name):
    with pytest.raises(LogWriteError, match="extra member"), create_log(tmp_path / "log.eval", HEADER) as target:
        target.extra(name, b"{}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", ["eval", "json"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_giving_up_leaves_the_old_log_as_it_was(tmp_path, ending, error):
    path = tmp_path / f"log.{ending}"
    path.write_bytes(b"old")
    with pytest.raises(error), create_log(path, HEADER, reductions=[{"scorer": "a"}]) as target:
        for i in range(300):
            target.add_sample(i, 1, sample(i, x="x" * 9000), sample(i))
            target.add_reduction(0, b"x" * 1000)
        raise error
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_a_failure_while_committing_leaves_the_old_log_as_it_was(tmp_path, ending):
    path = tmp_path / f"log.{ending}"
    path.write_bytes(b"old")

    def broken():
        yield b"[{"
        raise LogWriteError(path, "broken.")

    with pytest.raises(LogWriteError), create_log(path, SCORED, prepend_reductions=broken()) as target:
        target.add_sample(1, 1, sample(1), sample(1))
        target.commit()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_log_may_take_the_place_of_the_one_it_is_made_from(logs, tmp_path):
    path = tmp_path / "log.eval"
    path.write_bytes((logs / "a_scored.eval").read_bytes())
    with open_log(path) as source:
        copy(source, path)
        assert source.stamp.changed()
        assert source.read_sample(0)  # the old file lives on until it is closed
    assert len(read_eval_log(str(path)).samples) == 60


def test_the_timestamp_of_members_says_nothing(tmp_path):
    with create_log(tmp_path / "log.eval", HEADER) as target:
        target.commit()
    with zipfile.ZipFile(tmp_path / "log.eval") as made:
        assert {i.date_time for i in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {i.compress_type for i in made.infolist()} == {ZSTD}


def test_inspect_reads_a_running_log_that_is_copied(make_zip, tmp_path):
    start = json.dumps({k: HEADER[k] for k in ("version", "eval", "plan")}).encode()
    with open_log(make_zip({"_journal/start.json": start, "samples/1_epoch_1.json": sample(1)})) as source:
        copy(source, tmp_path / "copy.eval")
    log = read_eval_log(str(tmp_path / "copy.eval"))
    assert (log.status, len(log.samples)) == ("started", 1)
