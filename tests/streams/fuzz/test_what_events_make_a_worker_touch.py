"""What events name is never opened, imported, connected to or run: Python's own audit events tell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLACES = ["/etc/passwd", "../../x", "os:system", "made.py@made", "made.py", "http://127.0.0.1:9/x", "file:///etc/passwd",
          "a\0b", "x" * 5000]  # fmt: skip

SCRIPT = """
import json, sys
from pathlib import Path
sys.path[:0] = json.loads(sys.argv[1])
from test_worker_goes_on import events_of, records_of, without_scores, GOOD
from workers_at_hand import work
log_dir, place = Path(sys.argv[2]), json.loads(sys.argv[3])

def hostile(part):
    events = without_scores(events_of("bad", "append" if part == "claim" else "overwrite"))
    start, end = events["evals"]
    if part == "scorer":
        for event in (start, *events["completions"]):
            event["scorers"][0]["name"] = place
    elif part == "scores":
        inner = {"type": "scorer", "name": "precomputed_scores", "params": {"scores": place}}
        for event in (start, *events["completions"]):
            event["scorers"] = [
                {"name": "precomputed_scores", "options": {"scores": place}},
                {"name": "cascade", "options": {"first": inner}},
                {"name": "multi_scorer", "options": {"scorers": [inner], "reducer": "mode"}},
            ]
    elif part == "metric":
        start["scorers"][0]["metrics"][0]["name"] = place
        start["reducers"] = [place]
    elif part == "claim":
        start["reductions"] = {"store": place, "key": place}
        for event in events["completions"]:
            event["claim"] = {"store": place, "key": place}
    elif part == "names":
        start["header"]["eval"].update(task=place, task_id=place, created=place)
        start["header"]["location"] = end["header"]["location"] = place
        end["members"] = {place: "x", "../y": "x"}
    elif part == "ids":
        for event in (start, end, *events["completions"]):
            event.update(eval_id=place, run_id=place)
    return events

def run(*parts):
    topics = {}
    for part in (*map(records_of, map(hostile, parts)), GOOD):
        for topic, records in part.items():
            topics.setdefault(topic, []).extend(records)
    return work(topics, log_dir, "good")

run("plain")  # all that a worker imports of its own accord is imported by then
seen = []
def hook(name, args):
    if name == "open" and isinstance(args[2], int) and args[2] & 3:
        seen.append([name, str(args[0])])
    elif name in ("import", "socket.connect", "subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.posix_spawn"):
        seen.append([name, str(args[0])])
    elif name == "open" and args[0] == place:
        seen.append([name, str(args[0])])
sys.addaudithook(hook)
run("scorer", "scores", "metric", "claim", "names", "ids")
print(json.dumps(seen))
"""


@pytest.mark.parametrize("place", PLACES, ids=[ascii(place[:20]) for place in PLACES])
def test_a_worker_writes_to_its_log_dir_and_touches_nothing_that_events_name(tmp_path: Path, place: str):
    log_dir, here = tmp_path / "logs", Path(__file__).parent
    spools = tmp_path / "spools"
    log_dir.mkdir()
    spools.mkdir()
    (tmp_path / "made.py").write_text("raise SystemExit('imported')")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps([str(here), str(here.parent)]), str(log_dir), json.dumps(place)],
        check=False, capture_output=True, text=True, cwd=tmp_path, timeout=60,
        env={**os.environ, "TMPDIR": str(spools)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    written = [path for what, path in seen if what == "open"]
    allowed = (str(log_dir), str(spools))  # unnamed temporary files are opened by their folder's name
    assert written and [path for path in written if not path.startswith(allowed)] == []
    assert [event for event in seen if event[0] not in ("open", "import")] == []
    named = {place, place.split(":", maxsplit=1)[0], place.split("@", maxsplit=1)[0], "made"}
    assert [name for what, name in seen if what == "import" and name in named - {"os"}] == []
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "made.py", "spools"}
