"""What our command writes: Inspect opens it, its viewer serves it, and what scoring does not touch is as it was."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_sample_summaries
from parity import LOGS, score_ours

from evalstream.streams.logs.source import open_log

SCORED = {"scores", "events", "attachments"}


def samples_of(path: Path) -> dict[tuple[str, int], dict]:
    with open_log(path) as source:
        samples = [json.loads(source.read_sample(i)) for i in range(source.sample_count)]
    return {(str(sample["id"]), sample["epoch"]): sample for sample in samples}


def text(value: object) -> str:
    """Compare as text: NaN is not equal to itself, and 1 is equal to 1.0 and True."""
    return json.dumps(value)


def with_strangers(log: Path, path: Path) -> Path:
    """Copy a log as .json, with fields that no version of Inspect knows, and numbers that JSON does not."""
    data = json.loads(log.read_text())
    data["x_header"] = {"of": ["another", "tool"], "nan": math.nan}
    data["eval"]["x_eval"] = 1.0
    data["stats"]["x_stats"] = -math.inf
    data["eval"]["metadata"] = {"nan": math.nan, "none": None, "big": 12345678901234567890}
    for number, sample in enumerate(data["samples"]):
        sample["x_sample"] = {
            "nan": math.nan,
            "inf": math.inf,
            "none": None,
            "text": "\u2028 é \ud83d\ude00",
            "n": number,
        }
        sample["metadata"] = {"float": 1.0, "nan": math.nan, "deep": [{"none": None}]}
        sample["messages"][0]["x_message"] = "kept"
        sample["output"]["x_output"] = [1e400, 0.1 + 0.2]
    path.write_text(json.dumps(data, indent=2))
    return path


def as_eval(log: Path, path: Path) -> Path:
    """Pack a .json log as a .eval whose members are all uncompressed or deflated, as other tools write them."""
    data = json.loads(log.read_text())
    samples = data.pop("samples")
    data.pop("reductions", None)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_journal/start.json", json.dumps({key: data[key] for key in ("version", "eval", "plan")}))
        for sample in samples:
            file.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        file.writestr("x_member.bin", b"\x00\x01")
        file.writestr("header.json", json.dumps(data))
    return path


@pytest.mark.parametrize("ending", [".eval", ".json"])
@pytest.mark.parametrize("action", ["append", "overwrite"])
@pytest.mark.parametrize("name", ["a_scored.json", "b_unscored.json"])
def test_what_scoring_does_not_touch_is_as_it_was(name, action, ending, tmp_path):
    log = with_strangers(LOGS / name, tmp_path / "before.json")
    if ending == ".eval":
        log = as_eval(log, tmp_path / "before.eval")
    out = tmp_path / f"after{ending}"
    score_ours(log, out, "--scorer", "exact", "--action", action)

    before, after = samples_of(log), samples_of(out)
    assert sorted(after) == sorted(before)
    for key, sample in before.items():
        kept = {k: v for k, v in sample.items() if k not in SCORED}
        assert text({k: after[key][k] for k in kept}) == text(kept)
        assert set(after[key]) - set(sample) <= SCORED
        if action == "append":
            assert {k: after[key]["scores"][k] for k in sample["scores"]} == sample["scores"]
            events = iter(after[key]["events"])
            assert all(event in events for event in sample["events"] if event["event"] != "span_end")

    with open_log(log) as old, open_log(out) as new:
        one, other = dict(old.header), dict(new.header)
        members = old.extra_members(), new.extra_members()
    assert members[0] == members[1]
    for header in (one, other):
        header.pop("results")
        header["eval"] = {k: v for k, v in header["eval"].items() if k != "scorers"}
    assert text(dict(sorted(other.items()))) == text(dict(sorted(one.items())))


@pytest.mark.parametrize("name", ["a_scored.eval", "b_unscored.eval", "d_model_graded.eval", "a_scored.json"])
def test_inspect_opens_header_samples_and_summaries(name, tmp_path):
    out = tmp_path / name
    whole = score_ours(LOGS / name, out, "--scorer", "match", "--action", "append")
    header = read_eval_log(str(out), header_only=True)
    assert header.results == whole.results
    assert header.samples is None
    summaries = read_eval_log_sample_summaries(str(out))
    assert len(summaries) == len(whole.samples)
    by_key = {(summary.id, summary.epoch): summary for summary in summaries}
    for sample in whole.samples:
        summary = by_key[sample.id, sample.epoch]
        assert {k: text(v.value) for k, v in summary.scores.items()} == {
            k: text(v.value) for k, v in sample.scores.items()
        }
    one = read_eval_log_sample(str(out), id=whole.samples[0].id, epoch=whole.samples[0].epoch)
    assert one.output.completion == whole.samples[0].output.completion


def test_the_viewer_serves_what_is_written(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    # The viewer lists only .json files that are named as logs are.
    names = {"a_scored.eval": "a_scored.eval", "a_scored.json": "2026-11-20T20-31-01-00-00_addition_abc.json"}
    for name, served in names.items():
        score_ours(LOGS / name, folder / served, "--scorer", "includes", "--action", "append")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inspect = Path(sys.executable).parent / "inspect"
    arguments = [str(inspect), "view", "start", "--log-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as server:
        try:
            assert any("Running on" in line for line in server.stdout)
            listed = json.loads(fetch(port, "logs"))["files"]
            assert {Path(file["name"]).name for file in listed} == set(names.values())
            for file in listed:
                log = urllib.parse.quote(file["name"], safe="")
                data = json.loads(fetch(port, f"logs/{log}"))
                assert [row["name"] for row in data["results"]["scores"]][-2:] == ["includes1", "includes1"]
                assert len(data["samples"]) == 60
                size = int(fetch(port, f"log-size/{log}"))
                path = folder / Path(file["name"]).name
                assert fetch(port, f"log-bytes/{log}?start=0&end={size - 1}") == path.read_bytes()
        finally:
            server.send_signal(signal.SIGTERM)


def fetch(port: int, path: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/api/{path}", timeout=30) as answer:
        return answer.read()
