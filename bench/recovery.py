"""Read a run's state from its changelog, as a worker does that takes over; print what it took."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from kafka_fill import EVAL_ID

from evalstream.streams.changelog import changelog_name, read_changelog
from evalstream.streams.settings import Settings
from evalstream.streams.tally.runs import Runs
from evalstream.streams.transport.kafka.client import KafkaClient
from evalstream.streams.transport.kafka.partitions import partition_of


def main() -> None:
    """Recover what the command line names: BROKER PREFIX PARTITIONS; print seconds, MiB, records, scores."""
    broker, prefix, partitions = sys.argv[1:]
    settings = Settings(broker=f"kafka://{broker}", topic_prefix=prefix, log_dir=Path("logs"))
    client = KafkaClient(settings)
    begun = time.perf_counter()
    table = read_changelog(client, changelog_name(settings), partition_of(EVAL_ID.encode(), int(partitions)))
    read = time.perf_counter()
    runs = Runs(lambda _, offset: None)  # type: ignore[arg-type, return-value]
    runs.rebuild([table])
    done = time.perf_counter()
    client.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(read - begun, done - read, peak, len(table), sum(run.received for run in runs))


if __name__ == "__main__":
    main()
