"""The yardstick: the least that any scorer of a log must do, written as plainly as Python allows.

It unzips a log, parses each sample, compares the end of the completion with the target, and zips all again: no
metrics, no reductions, no summaries of scores, nothing that would make its log of use to anyone.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import zipfile_zstd  # noqa: F401  (teaches zipfile Zstandard, which is what Inspect compresses with)

METHODS = {"deflate": zipfile.ZIP_DEFLATED, "zstd": 93}


def score(log: Path, scored: Path, method: int) -> float:
    """Write a log with each sample's match, and return the accuracy."""
    samples = correct = 0
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(scored, "w", method) as made:
        for name in source.namelist():
            data = source.read(name)
            if name.startswith("samples/"):
                sample = json.loads(data)
                answer = sample["output"]["completion"]
                hit = answer.strip().endswith(sample["target"].strip())
                sample["scores"] = {"match": {"value": "C" if hit else "I", "answer": answer}}
                samples += 1
                correct += hit
                data = json.dumps(sample).encode()
            made.writestr(name, data)
    return correct / samples


def main() -> None:
    """Score the log that the command line names: LOG SCORED deflate|zstd."""
    log, scored, compression = sys.argv[1:]
    print(score(Path(log), Path(scored), METHODS[compression]))


if __name__ == "__main__":
    main()
