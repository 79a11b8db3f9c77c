"""A few kilobytes that inflate to gigabytes are refused in bounded memory."""

from __future__ import annotations

import resource
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import zstandard

HERE = Path(__file__).parent
MOST_BYTES = 600 << 20
"""Of address space, the interpreter and its libraries included; the bombs make more."""

SCRIPT = """
import sys
from evalstream.streams.errors import LogError
from evalstream.streams.logs.source import open_log
try:
    open_log(sys.argv[1])
except LogError as error:
    print(error)
"""


def deflate_bomb(size: int) -> bytes:
    stream = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return b"".join(stream.compress(bytes(1 << 20)) for _ in range(size >> 20)) + stream.flush()


def zstandard_bomb(size: int) -> bytes:
    stream = zstandard.ZstdCompressor().compressobj()
    return b"".join(stream.compress(bytes(1 << 20)) for _ in range(size >> 20)) + stream.flush()


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))


@pytest.mark.parametrize("declared", [1000, 2**31 - 1, 2**32 - 2])
@pytest.mark.parametrize(("method", "bomb"), [(8, deflate_bomb), (93, zstandard_bomb)])
def test_a_bomb_is_refused_in_bounded_memory(tmp_path: Path, method: int, bomb, declared: int):
    sys.path.insert(0, str(HERE.parent / "logs"))
    from log_helpers import raw_zip

    path = tmp_path / "bomb.eval"
    path.write_bytes(raw_zip(b"header.json", method, bomb(1 << 30), b"", declared))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], check=False, capture_output=True, text=True, timeout=60,
        preexec_fn=limited,
        env={"OPENBLAS_NUM_THREADS": "1", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0 and "header.json" in done.stdout, done.stderr[-1000:]
