"""Measure the agents on a real Kafka: completions a second, beside a bare loop and plain Faust, and the latency."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from kafka_fill import EVAL_ID, completions, fill

from evalstream.streams.events import EvalStarted, MetricsUpdated
from evalstream.streams.local_kafka import LocalCluster
from evalstream.streams.settings import Settings
from evalstream.streams.topics import COMPLETIONS, EVALS, METRICS
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of
from evalstream.streams.transport.kafka.start import prepared_topics
from evalstream.streams.transport.record import NewRecord

BENCH = Path(__file__).resolve().parent
PARTITIONS = 4
RATE = 500


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


def throughput(broker: str, prefix: str, folder: Path, samples: int, count: int) -> float:
    """Return completions a second through both agents of so many workers, from the first tenth on."""
    settings = settings_of(broker, prefix, folder)
    asyncio.run(prepared_topics(settings))
    fill(settings, samples)
    client = KafkaClient(settings)
    with workers(settings, count):
        seen = snapshots(client, samples)
    client.close()
    begun, first = next((when, n) for when, n in seen if n >= samples // 10)
    return (seen[-1][1] - first) / (seen[-1][0] - begun)


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
        client.append(EVALS.name, [NewRecord(EVAL_ID.encode(), EvalStarted(eval_id=EVAL_ID).to_bytes())])
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


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    samples = arguments.samples
    with tempfile.TemporaryDirectory() as folder, LocalCluster(Path(folder) / "kafka") as cluster:
        broker, logs = cluster.bootstrap, Path(folder) / "logs"
        bare = program("bare_loop.py", broker, "bare-", samples, logs)
        print(f"bare aiokafka loop            {bare:10,.0f} /s", flush=True)
        one = throughput(broker, "one-", logs, samples, 1)
        print(
            f"evalstream, one worker        {one:10,.0f} /s  {one / bare:.2f} of the bare loop (at least 0.6)",
            flush=True,
        )
        two = throughput(broker, "two-", logs, samples, 2)
        print(f"evalstream, two workers       {two:10,.0f} /s", flush=True)
        plain = program("plain_faust.py", broker, "plain-", samples // 5, logs)
        print(
            f"Faust, one event at a time    {plain:10,.0f} /s  evalstream {one / plain:.1f} times (at least 5)",
            flush=True,
        )
        p50, p99 = latency(broker, "late-", logs, arguments.seconds)
        print(f"completion to metric at {RATE}/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms (below 250)", flush=True)


if __name__ == "__main__":
    main()
