"""Measure the agents on a real Kafka: completions a second, beside a bare loop and plain Faust, and the latency."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
import platform
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from kafka_fill import EVAL_ID, SCORERS, completions, fill
from measure import measure

from evalstream.streams.events import EvalStarted, MetricsUpdated
from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.publish.events_of_log import of_eval
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS, METRICS
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of
from evalstream.streams.transport.kafka.start import prepared_topics

BENCH = Path(__file__).resolve().parent
PARTITIONS = 4
RATE = 500
ROUNDS = 5
MIB = 1024 * 1024
PAGE = BENCH.parent / "docs" / "benchmarks-kafka.md"


def settings_of(broker: str, prefix: str, folder: Path) -> Settings:
    """Return settings of a contestant, with topics of its own."""
    return Settings(
        broker=f"kafka://{broker}", topic_prefix=prefix, partitions=PARTITIONS, log_dir=folder, metrics_interval=0.05
    )


@contextmanager
def workers(settings: Settings, count: int) -> Iterator[None]:
    """Run so many workers, and end them."""
    env = {**os.environ, "EVALSTREAM_BROKER": settings.broker, "EVALSTREAM_TOPIC_PREFIX": settings.topic_prefix,
           "EVALSTREAM_PARTITIONS": str(PARTITIONS), "EVALSTREAM_METRICS_INTERVAL": str(settings.metrics_interval),
           "EVALSTREAM_LOG_DIR": str(settings.log_dir)}  # fmt: skip
    command = [str(Path(sys.executable).parent / "evalstream"), "worker"]
    running = [subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)


def snapshots(client: KafkaClient, enough: int) -> list[tuple[float, int]]:
    """Follow the metrics until so many scores are counted; return times (s) and counts."""
    partition, offset = partition_of(EVAL_ID.encode(), PARTITIONS), 0
    seen: list[tuple[float, int]] = []
    while not seen or seen[-1][1] < enough:
        for record in client.read(METRICS.name, partition, offset, 1000, 1 << 24):
            update = MetricsUpdated.model_validate_json(record.value or b"")
            seen.append((record.timestamp_ms / 1000, update.ledger[0].received if update.ledger else 0))
            offset = record.offset + 1
    return seen


def scoring(broker: str, prefix: str, folder: Path, samples: int, count: int) -> list[tuple[float, int]]:
    """Have so many workers score; return when (s) how many scores were counted."""
    settings = settings_of(broker, prefix, folder)
    asyncio.run(prepared_topics(settings))
    fill(settings, samples)
    client = KafkaClient(settings)
    with workers(settings, count):
        seen = snapshots(client, samples)
    client.close()
    return seen


def rate(seen: list[tuple[float, int]], begin: int, end: int) -> float:
    """Return completions a second from the first count on that is so large, to the next one that is so large."""
    begun, first = next((when, n) for when, n in seen if n >= begin)
    ended, last = next((when, n) for when, n in seen if n >= end)
    return (last - first) / (ended - begun)


class Written(NamedTuple):
    """What it cost a worker to score an eval and write its log: seconds, and resident MiB.

    ``begun`` is what it had when it began to write, ``most`` the most that it had from then on.
    """

    seconds: float
    peak: float
    begun: float
    most: float


def materialised(broker: str, prefix: str, folder: Path, samples: int) -> Written:
    """Have a worker score an eval that is on the topics, and write its log."""
    settings = settings_of(broker, prefix, folder / prefix)
    asyncio.run(prepared_topics(settings))
    fill(settings, samples, complete=True)
    command = [
        *(str(Path(sys.executable).parent / "evalstream"), "worker", "--exit-when-idle", "1"),
        *("--broker", settings.broker, "--topic-prefix", prefix, "--log-dir", str(settings.log_dir)),
    ]
    with rest_of_writing(folder / prefix) as seen:
        cost = measure(command, folder)
    return Written(cost.seconds, cost.peak_bytes / MIB, seen[0] / MIB, max(seen) / MIB)


@contextmanager
def rest_of_writing(log_dir: Path) -> Iterator[list[int]]:
    """Collect the resident bytes of the one process that writes to a folder, while it writes."""
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            for partial in log_dir.glob(".evalstream-*.partial"):
                seen.extend(resident(pid) for pid in writers_of(partial))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def writers_of(path: Path) -> list[int]:
    """Return the processes that have a file open; Linux only."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            if entry.readlink() == path:
                found.append(int(entry.parts[2]))
    return found


def resident(pid: int) -> int:
    """Return the resident bytes of a process; 0 if it has ended."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def program(name: str, broker: str, prefix: str, samples: int, folder: Path) -> float:
    """Return completions a second of a program beside this one."""
    settings = settings_of(broker, prefix, folder)
    asyncio.run(prepared_topics(settings))
    fill(settings, samples)
    command = [sys.executable, str(BENCH / name), broker, prefix, str(samples)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return float(said.split()[0])


def latency(broker: str, prefix: str, folder: Path, seconds: float) -> tuple[float, float]:
    """Return p50 and p99 (ms) from sending a completion to the metrics that count it, at 500 a second."""
    settings = settings_of(broker, prefix, folder)
    asyncio.run(prepared_topics(settings))
    client, reader = KafkaClient(settings), KafkaClient(settings)
    total, sent = int(RATE * seconds), list[float]()
    records = list(completions(total))
    with workers(settings, 1):
        client.append(EVALS.name, [of_eval(EvalStarted(eval_id=EVAL_ID, scorers=SCORERS))])
        client.append(COMPLETIONS.name, records[:1])
        snapshots(reader, 1)

        def publish() -> None:
            begin = time.time()
            pause = threading.Event()
            for at in range(1, total, 5):
                pause.wait(max(0.0, begin + at / RATE - time.time()))
                sent.extend([time.time()] * len(records[at : at + 5]))
                client.append(COMPLETIONS.name, records[at : at + 5])

        thread = threading.Thread(target=publish)
        thread.start()
        seen = snapshots(reader, total)
        thread.join()
    client.close()
    reader.close()
    counts = np.array([n for _, n in seen]) - 1
    times = np.array([when for when, _ in seen])
    # Counted in the order of sending: with several partitions some overtake others, which evens out.
    counted = times[np.searchsorted(counts, np.arange(1, total), side="left")]
    took = 1000 * (counted - np.array(sent[: total - 1]))
    return float(np.percentile(took, 50)), float(np.percentile(took, 99))


def rates(broker: str, folder: Path, samples: int) -> tuple[list[float], ...]:
    """Return completions a second of a bare loop, one worker, two, and plain Faust, in each of some rounds.

    A round before them counts for nothing: the broker has just started, and is slow while its code is compiled.
    """
    found: list[tuple[float, ...]] = []
    for number in range(ROUNDS + 1):
        count = samples if number else samples // 5
        bare = program("bare_loop.py", broker, f"bare{number}-", count, folder)
        one, two = (
            rate(scoring(broker, f"{workers}of{number}-", folder, count, workers), count // 10, count)
            for workers in (1, 2)
        )
        plain = program("plain_faust.py", broker, f"plain{number}-", count // 5, folder)
        found.append((bare, one, two, plain))
    return tuple(map(list, zip(*found[1:], strict=True)))


def median(rates: list[float], of: list[float]) -> float:
    """Return the median, over the rounds, of the ratio of two contestants."""
    return float(np.median(np.array(rates) / of))


def spread(rates: list[float]) -> str:
    """Write the median and the range of some rates."""
    return f"{np.median(rates):,.0f}/s ({min(rates):,.0f} to {max(rates):,.0f})"


def recovery(broker: str, prefix: str) -> list[float]:
    """Return seconds to read, seconds to rebuild, peak MiB, records and scores of a recovered state."""
    command = [sys.executable, str(BENCH / "recovery.py"), broker, prefix, str(PARTITIONS)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [float(word) for word in said.split()]


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--page", type=Path, default=PAGE)
    arguments = parser.parse_args()
    samples, many = arguments.samples, arguments.many
    rows: list[tuple[str, str, str]] = []

    def tell(what: str, measured: str, target: str = "") -> None:
        print(f"{what:60} {measured:40} {target}", flush=True)
        rows.append((what, measured, target))

    with tempfile.TemporaryDirectory() as name, LocalCluster(Path(name) / "kafka", heap="1g") as cluster:
        broker, folder = cluster.bootstrap, Path(name)
        bare, one, two, plain = rates(broker, folder, samples)
        tell("bare aiokafka loop", spread(bare))
        tell("one worker", f"{spread(one)}; {median(one, bare):.2f} of the bare loop", "at least 0.6")
        tell("two workers", f"{spread(two)}; {median(two, one):.2f} of one worker")
        tell("Faust, one event at a time", f"{spread(plain)}; one worker is {median(one, plain):.1f} times as fast",
             "at least 5")  # fmt: skip
        p50, p99 = latency(broker, "late-", folder, arguments.seconds)
        tell(f"completion to metric at {RATE}/s", f"p50 {p50:.0f} ms, p99 {p99:.0f} ms", "p99 below 250 ms")
        for count in (2 * samples, 6 * samples):
            cost = materialised(broker, f"log{count}-", folder, count)
            tell(f"scoring {count:,} and writing their log", f"{cost.seconds:.1f} s, peak {cost.peak:.0f} MiB")
            tell(
                "of these, while the log is written",
                f"begins with {cost.begun:.0f} MiB, at most {cost.most:.0f} MiB: {cost.most / cost.begun:.2f} times",
                "flat",
            )
        seen = scoring(broker, "many-", folder, many, 1)
        early, late = rate(seen, many // 100, many // 10), rate(seen, many - many // 10, many)
        tell(f"one worker, {many:,} completions, the first tenth", f"{early:,.0f}/s")
        tell("the last tenth", f"{late:,.0f}/s, {early / late:.2f} times the cost of the first", "at most 1.2")
        read, rebuilt, peak, records, scores = recovery(broker, "many-")
        tell(
            f"recovery of {scores:,.0f} scores",
            f"{read:.1f} s to read {records:,.0f} records, {rebuilt:.1f} s to rebuild, peak {peak:.0f} MiB",
        )
    arguments.page.write_text(page(rows), encoding="utf-8")
    print(f"Written: {arguments.page}")


def page(rows: list[tuple[str, str, str]]) -> str:
    """Return the page that tells what was measured."""
    lines = [
        "# Benchmarks on Kafka",
        "",
        "Completions of some 3 kB, scored by `match`, on a Kafka of one node that runs beside the workers.",
        "This page is written by `make bench-kafka`; all figures are of one run.",
        "",
        f"- Date: {datetime.date.today()}",
        f"- Machine: {os.cpu_count()} cores for everything, {platform.machine()}, {platform.system()}; Python"
        f" {platform.python_version()}",
        "",
        "| what | measured | target |",
        "| --- | --- | --- |",
        *(f"| {what} | {measured} | {target} |" for what, measured, target in rows),
        "",
        f"The first four rows are medians of {ROUNDS} rounds in which all take turns, their ratios medians of ratios:",
        "the machine does not give the same from one minute to the next.",
        "Rates are those between the first tenth and the end: start-up does not count. The bare loop reads, parses,",
        "matches, writes and counts with aiokafka alone; it keeps no state, drops no doubles and writes no log.",
        "Latency is from the moment at which a completion is sent to the time stamp of the first `MetricsUpdated`",
        "that counts it.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
