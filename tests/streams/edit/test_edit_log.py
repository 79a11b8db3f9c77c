"""A log file is edited member by member: like Inspect's edit in memory, and all else to the byte as it was."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import inspect_ai.log
import pytest
import zipfile_zstd  # noqa: F401  (teaches zipfile the method 93)
from edit_helpers import events_of
from inspect_ai import scorer as theirs
from parity import LOGS, assert_same_log, differences

from evalstream.scorers import ProvenanceData, ScoreEdit
from evalstream.streams.edit.log import edit_log
from evalstream.streams.edit.requests import EditRequest
from evalstream.streams.errors import DamagedLogError, LogChangedError, UsageError
from evalstream.streams.logs.source import open_log

WHEN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def request(sample, scorer, epoch=None, **fields):
    provenance = ProvenanceData(author="me", reason="why", timestamp=WHEN)
    return EditRequest(str(sample), scorer, ScoreEdit(**fields, provenance=provenance), epoch)


def copied(name, tmp_path):
    return Path(shutil.copy(LOGS / name, tmp_path / f"log{Path(name).suffix}"))


def edited_by_inspect(path, requests, tmp_path):
    log = inspect_ai.log.read_eval_log(str(path))
    for one in requests:
        sample = next(s for s in log.samples if str(s.id) == one.sample and one.epoch in (None, s.epoch))
        edit = theirs.ScoreEdit.model_validate(one.edit.model_dump())
        inspect_ai.log.edit_score(log, sample.id, one.scorer, edit, epoch=sample.epoch)
    inspect_ai.log.write_eval_log(log, str(tmp_path / f"theirs{path.suffix}"))
    return inspect_ai.log.read_eval_log(str(tmp_path / f"theirs{path.suffix}"))


def summaries(path):
    rows = [row.model_dump(mode="json") for row in inspect_ai.log.read_eval_log_sample_summaries(str(path))]
    return sorted(rows, key=lambda row: (row["epoch"], str(row["id"])))


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        (
            "a_scored.eval",
            [
                request("s01", "match", 2, value="C", explanation="x"),
                request("s01", "match", 2, answer=None),
                request(20, "includes", 3, value=float("nan"), reason="refusal"),
                request(2, "verdict", 1, value=0.5, metadata={"a": [1]}),
            ],
        ),
        ("a_edited.eval", [request("s01", "newscore", 1, value=0, reason=None)]),
        ("a_scored.json", [request(2, "match", 1, value="C")]),
        ("e_choice.eval", [request(3, "choice", value="C"), request(4, "choice", value="I")]),
        ("d_model_graded.eval", [request(3, "model_graded_qa1", value="P")]),
    ],
)
def test_a_file_is_edited_as_inspect_edits_a_log_in_memory(name, requests, tmp_path):
    path = copied(name, tmp_path)
    wanted = edited_by_inspect(path, requests, tmp_path)
    done = edit_log(path, requests)
    made = inspect_ai.log.read_eval_log(str(path))
    assert_same_log(made, wanted)
    assert list(differences(events_of(made), events_of(wanted))) == []
    assert list(differences(summaries(path), summaries(tmp_path / f"theirs{path.suffix}"))) == []
    assert done.samples == len({(one.sample, one.epoch) for one in requests})
    assert done.results == json.loads(made.results.model_dump_json(exclude_none=True)) or "NaN" in str(done.results)


def test_members_that_are_not_edited_stay_as_they_are_packed(tmp_path):
    path = copied("a_scored.eval", tmp_path)
    before = packed_members(path)
    edit_log(path, [request("s03", "match", 1, value="I")])
    after = packed_members(path)
    changed = {name for name in before if after.get(name) != before[name]}
    journal = {name for name in before if name.startswith("_journal/summaries/")}
    assert changed - journal == {"samples/s03_epoch_1.json", "summaries.json", "reductions.json", "header.json"}
    assert not journal & set(after)


def packed_members(path):
    data = path.read_bytes()
    with zipfile.ZipFile(path) as log:
        found = {}
        for info in log.infolist():
            start = info.header_offset + 30
            name, extra = (int.from_bytes(data[start - k : start - k + 2], "little") for k in (4, 2))
            begin = start + name + extra
            found[info.filename] = data[begin : begin + info.compress_size]
        return found


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_the_same_edits_give_the_same_bytes(name, tmp_path):
    first, second = tmp_path / f"1{Path(name).suffix}", tmp_path / f"2{Path(name).suffix}"
    for path in (first, second):
        shutil.copy(LOGS / name, path)
        edit_log(path, [request("s03", "match", 1, value="I")])
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["a_scored.eval", "a_scored.json"])
def test_without_finding_metrics_anew_the_results_stay(name, tmp_path):
    path = copied(name, tmp_path)
    before = inspect_ai.log.read_eval_log(str(path))
    edit_log(path, [request("s03", "match", 1, value="I")], recompute=False)
    after = inspect_ai.log.read_eval_log(str(path))
    assert after.results == before.results
    assert after.reductions == before.reductions
    assert next(s for s in after.samples if (s.id, s.epoch) == ("s03", 1)).scores["match"].value == "I"


@pytest.mark.parametrize(
    ("requests", "options", "message"),
    [
        ([request("s01", "match", value="C")], {}, r"several epochs \(1, 2, 3\)"),
        ([request("s01", "match", 4, value="C")], {}, "no epoch 4"),
        ([request("s0I", "match", 1, value="C")], {}, r"Did you mean s0"),
        ([request("s01", "verdict", 1, answer="C")], {}, "needs a value"),
        ([request("s01", "mtach", 1, value="C")], {"add": False}, r"Did you mean match\?.*--add"),
        ([request("s01", "match", 1, value="C"), request("s01", "match", 1, value=[1])], {}, "metrics cannot be found"),
    ],
)
def test_an_edit_that_cannot_be_made_leaves_the_log_and_its_folder_as_they_were(requests, options, message, tmp_path):
    path = copied("a_scored.eval", tmp_path)
    with pytest.raises(UsageError, match=message):
        edit_log(path, requests, **options)
    assert path.read_bytes() == (LOGS / "a_scored.eval").read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["log.eval"]


def test_an_eval_that_still_runs_is_not_edited(tmp_path):
    log = json.loads((LOGS / "a_scored.json").read_text())
    (tmp_path / "log.json").write_text(json.dumps({**log, "status": "started"}))
    with pytest.raises(UsageError, match="has not ended"):
        edit_log(tmp_path / "log.json", [request("s01", "match", 1, value="C")])


def test_a_log_that_changes_meanwhile_is_left_alone(tmp_path, monkeypatch):
    path = copied("a_scored.eval", tmp_path)
    one = request("s01", "match", 1, value="C")
    monkeypatch.setattr(
        "evalstream.streams.edit.rewrite.print_header", lambda header: path.write_bytes(b"new") and b"{}"
    )
    with pytest.raises(LogChangedError):
        edit_log(path, [one])
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["log.eval"]


@pytest.mark.parametrize("scores", [[1], {"match": 5}, {"match": {"value": None}}])
def test_scores_that_are_none_are_said_with_their_sample(scores, tmp_path):
    log = json.loads((LOGS / "a_scored.json").read_text())
    log["samples"][0]["scores"] = scores
    path = tmp_path / "log.json"
    path.write_text(json.dumps(log))
    sample = log["samples"][0]
    with pytest.raises(DamagedLogError):
        edit_log(path, [request(sample["id"], "match", sample["epoch"], value="C")])
    assert json.loads(path.read_text()) == log


MEASURE = """
import resource, sys
from evalstream.scorers import ProvenanceData, ScoreEdit
from evalstream.streams.edit.log import edit_log
from evalstream.streams.edit.requests import EditRequest
edit_log(sys.argv[1], [EditRequest("1", "match", ScoreEdit(value="C", provenance=ProvenanceData(author="me")))])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_texts_of_a_log(tmp_path):
    """A log of 2 MB and one of 50 MB, decompressed, take the same memory."""
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
    peaks = []
    for count in (2, 50):
        path = tmp_path / f"{count}.eval"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as log:
            for number in range(count):
                sample = {
                    "id": number, "epoch": 1, "input": "?", "target": "x", "output": {"completion": "y" * 1_000_000},
                    "scores": {"match": {"value": "I"}},
                }  # fmt: skip
                log.writestr(f"samples/{number}_epoch_1.json", json.dumps(sample))
            header = {
                "version": 2, "status": "success", "plan": {}, "stats": {},
                "eval": {"created": "2026-01-01T00:00:00Z", "task": "t", "dataset": {}, "model": "m", "config": {}},
            }  # fmt: skip
            log.writestr("header.json", json.dumps(header))
        done = subprocess.run([sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
        with open_log(path) as source:
            assert source.header["results"]["total_samples"] == count
    assert peaks[1] < peaks[0] + 20, peaks
