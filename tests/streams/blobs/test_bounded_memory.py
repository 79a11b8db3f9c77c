"""Memory is bounded by bytes under way, not by how many large samples there are."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from pathlib import Path

import pytest
from blob_helpers import log_of_sizes, noise, options, run, work

from evalstream.scorers import Score, accuracy, scorer
from evalstream.streams.settings import Settings
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import Batch

# Not by `getrusage`: what that says of a child is at least the memory of the process that started it.
PROGRAM = """
import sys
from evalstream.streams.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

# Every tenth sample takes long, so that many batches are under way with a straggler each.
SLOW = """
import asyncio
from evalstream.scorers import Score, accuracy, scorer

@scorer(metrics=[accuracy()])
def slow():
    async def score(state, target):
        await asyncio.sleep(0.5 if str(state.sample_id).endswith("3") else 0.002)
        return Score(value="C")
    return score
"""

MEGABYTE = 1_000_000
RATIO = 1.5


def peak(*arguments: object) -> float:
    """Run the command in a process of its own; return the most memory that it had, in megabytes."""
    line = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("VmHWM:")[1].split()[0]) / 1024


def peaks(samples: int, settings: Settings, folder: Path, slow: Path | None = None) -> tuple[float, float]:
    """Publish so many samples of 1 MB and score them; return the peaks of the publisher and of the worker."""
    folder.mkdir()
    text = noise(MEGABYTE)
    log = log_of_sizes(folder / "log.eval", [MEGABYTE] * samples, fill=lambda size, number: f"{number} {text}")
    given = options(settings)
    publisher = peak("publish", log, *given, *(["--scorer", f"{slow}@slow"] if slow else []))
    worker = peak("worker", *given, "--exit-when-idle", "2", *(["--scorers", slow] if slow else []))
    log.unlink()
    assert len([path for path in settings.log_dir.iterdir() if path.suffix == ".eval"]) == 1
    return publisher, worker


def on_embedded(folder: Path, limit: int) -> Settings:
    return Settings(broker=f"embedded://{folder / 'broker'}", log_dir=folder / "logs", max_message_bytes=limit)


def check(few: tuple[float, float], many: tuple[float, float]) -> None:
    for before, after in zip(few, many, strict=True):
        assert after < RATIO * before, f"publisher and worker: {few} MB, then {many} MB"


def test_five_times_as_many_samples_by_claim_need_no_more_memory(tmp_path):
    found = [
        peaks(samples, on_embedded(tmp_path / str(samples), MEGABYTE // 2), tmp_path / str(samples))
        for samples in (30, 150)
    ]
    check(*found)


def test_a_batch_whose_last_sample_waits_for_its_judge_lets_go_of_the_others(tmp_path):
    stragglers, large = range(3, 40, 4), 30
    done, held, all_done = list[int](), list[int](), asyncio.Event()

    @scorer(metrics=[accuracy()], name="patient")
    def patient():
        async def score(state, target):
            if state.sample_id not in stragglers:
                done.append(state.sample_id)
                if len(done) == large:
                    all_done.set()
                return Score(value="C")
            await all_done.wait()
            batches = [thing for thing in gc.get_objects() if isinstance(thing, Batch)]
            held.append(sum(len(record.value or b"") for batch in batches for record in batch.records))
            return Score(value="C")

        return score

    settings = on_embedded(tmp_path, 8 * MEGABYTE)
    settings.log_dir.mkdir()
    log = log_of_sizes(tmp_path / "log.eval", [10 if n in stragglers else MEGABYTE for n in range(40)])
    assert run("publish", log, *options(settings), "--scorer", "patient").exit_code == 0
    (told,) = work(settings)
    assert (told.ledger[0].scored, len(done), len(held)) == (40, large, len(stragglers))
    # Of the ten batches only those of the other topics, and one that has just been read, have their records.
    assert max(held) < 10 * MEGABYTE


@pytest.mark.soak  # minutes, and gigabytes of disk
@pytest.mark.parametrize("way", ["in the event", "by claim"])
@pytest.mark.parametrize("scoring", ["at once", "slowly"])
@pytest.mark.parametrize("broker", ["embedded", "kafka"])
def test_ten_times_as_many_samples_of_1_mb_need_no_more_memory(broker, scoring, way, tmp_path, request):
    slow = tmp_path / "slow.py"
    slow.write_text(SLOW)
    found = []
    for samples in (200, 2000):
        folder = tmp_path / str(samples)
        settings = on_embedded(folder, MEGABYTE // 2 if way == "by claim" else 8 * MEGABYTE)
        if broker == "kafka":
            address, prefix = request.getfixturevalue("kafka_broker"), request.getfixturevalue("topic_prefix")
            settings = settings.model_copy(
                update={"broker": f"kafka://{address}", "topic_prefix": f"{prefix}{samples}-", "partitions": 4}
            )
            asyncio.run(prepared_topics(settings))
        found.append(peaks(samples, settings, folder, slow if scoring == "slowly" else None))
    check(*found)
