"""Print the accuracy that a scored log's header has, so that the benchmark can tell that all did the same work."""

from __future__ import annotations

import json
import sys
import zipfile

import zipfile_zstd  # noqa: F401  (teaches zipfile Zstandard, which is what Inspect compresses with)


def main() -> None:
    """Read the log that the command line names."""
    with zipfile.ZipFile(sys.argv[1]) as log:
        header = json.loads(log.read("header.json"))
    print(header["results"]["scores"][0]["metrics"]["accuracy"]["value"])


if __name__ == "__main__":
    main()
