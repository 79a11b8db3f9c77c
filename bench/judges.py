"""Measure how well slow judges are kept busy: 1,000 samples, 100 calls at once, one second each.

Ideally that takes 10 seconds. Then again with one call among the first that takes 30 seconds: it keeps its place, so
the others have 99 of them, and ideally need 11 rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx  # noqa: F401 (its import is no part of what is measured)

from evalstream.scorers import GenerateConfig, ModelContext, TaskState, model_graded_qa, use_context
from evalstream.streams.scoring.scorer_thread import ScorerThread
from evalstream.streams.settings import Settings

SERVER = Path(__file__).resolve().parent.parent / "tests" / "judge_server.py"
ALLOWED = 1.05


@contextmanager
def judge(*arguments: float) -> Iterator[str]:
    """Run the judge in a process of its own; yields its base URL."""
    command = [sys.executable, str(SERVER), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            assert process.stdin is not None
            process.stdin.close()


async def ends_of(url: str, samples: int, connections: int) -> list[float]:
    """Score samples as a worker does, in its window, on the scorers' thread; return the seconds of each, sorted."""
    thread = ScorerThread(600.0)
    window = asyncio.Semaphore(Settings().window_samples)
    grade = model_graded_qa()
    os.environ["OPENAI_API_KEY"] = "none"
    config = GenerateConfig(max_connections=connections, max_retries=0)

    async def score(number: int) -> float:
        state = TaskState(sample_id=number, input=f"What is {number} + 1?", target=f"{number + 1}", output="I know.")

        async def call() -> None:
            with use_context(ModelContext(model="openai/judge", config=config, base_url=url)):
                result = await grade(state, state.target)
            assert result is not None and result.value == "C"

        async with window:
            await thread.run(call)
        return time.perf_counter()

    begun = time.perf_counter()
    ends = await asyncio.gather(*(score(number) for number in range(samples)))
    thread.stop()
    return sorted(end - begun for end in ends)


def measure(name: str, samples: int, connections: int, seconds: float, slow: float | None = None) -> bool:
    """Measure once and print; tell whether it was fast enough."""
    # The slow call has one of the places, so the others share what is left; rounds are whole.
    places, rest = (connections, samples) if slow is None else (connections - 1, samples - 1)
    ideal = math.ceil(rest / places) * seconds
    with judge(*((seconds,) if slow is None else (seconds, slow))) as url:
        ends = asyncio.run(ends_of(url, samples, connections))
    # The slow call itself ends when it ends; the others must not have waited for it.
    took = ends[-1] if slow is None else ends[-2]
    good = took <= ALLOWED * ideal
    others = "" if slow is None else f" but one, which ended after {ends[-1]:.2f} s"
    print(
        f"{name}: {samples} samples{others}: {took:.2f} s, {took / ideal:.3f} times the ideal {ideal:g} s", flush=True
    )
    return good


def main() -> int:
    """Measure both; 1 if one of them took too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--slow", type=float, default=30.0)
    given = parser.parse_args()
    usual = (given.samples, given.connections, given.seconds)
    results = [measure("all alike", *usual), measure("one slow", *usual, given.slow)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
