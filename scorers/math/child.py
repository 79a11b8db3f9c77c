"""The program of a child process: it reads samples, and says how they compare.

A request is one line of JSON, ``{"completion": text, "targets": [text, ...], "seconds": number}``. It is answered by
two lines, as soon as each is known: ``{"targets": null}``, or why none can be read; and the verdict as a list. Before
the first request comes a line ``{"ready": null}``, or why there will be none.

Whoever started it ends it when an answer takes too long. It ends by itself when there are no more requests, and, in
case that somebody is gone, when an answer takes much too long.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from typing import IO, Any

__all__ = ["serve"]

MOST_MEMORY = 4 << 30
"""Bytes of address space; where a power of powers asks for more, that sample's answer cannot be read."""

GRACE_SECONDS = 10.0


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests until there are no more."""

    def tell(answer: Any) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    try:
        from .errors import MathParseError  # noqa: PLC0415 - SymPy takes a second, and may not be there
        from .verdict import judge, read_targets  # noqa: PLC0415
    except ImportError as error:
        tell({"ready": f"{type(error).__name__}: {error}"})
        return
    tell({"ready": None})
    for line in requests:
        request = json.loads(line)
        try:
            targets = read_targets(request["targets"])
        except MathParseError as error:
            tell({"targets": str(error)})
            continue
        tell({"targets": None})
        tell(judge(request["completion"], targets))


def _main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    serve(_Watched(sys.stdin.buffer), answers)  # type: ignore[arg-type] # of a file it needs lines only


class _Watched:
    """Requests; the process ends if the next one is not asked for in time, even while C code runs."""

    def __init__(self, requests: IO[bytes]) -> None:
        self._requests = requests

    def __iter__(self) -> _Watched:
        return self

    def __next__(self) -> bytes:
        faulthandler.cancel_dump_traceback_later()
        line = self._requests.readline()
        if not line:
            raise StopIteration
        with contextlib.suppress(KeyError, TypeError, ValueError):
            faulthandler.dump_traceback_later(2 * json.loads(line)["seconds"] + GRACE_SECONDS, exit=True)
        return line


if __name__ == "__main__":
    _main()
