"""Measure ``evalstream score`` beside ``inspect score`` and a plain loop, on logs of several sizes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import Measured, RunFailedError, measure
from report import EVALSTREAM, INSPECT, PLAIN, PLAIN_ZSTD, page, results_table, targets_table

BENCH = Path(__file__).resolve().parent
DATA = BENCH.parent / "bench-data"
PAGE = BENCH.parent / "docs" / "benchmarks.md"
SIZES = (1_000, 10_000, 100_000)
RUNS = 3
# A run that takes longer than this is not repeated: what disturbs short runs is lost in it.
SLOW_SECONDS = 60.0


@dataclass(frozen=True)
class Contestant:
    """Someone who scores logs.

    Attributes
    ----------
    command
        From a log and the path of the scored log to a command line.
    prints_accuracy
        Whether it prints the accuracy that it found; else the scored log has it.
    most_samples
        The largest log that it is given.
    """

    name: str
    command: Callable[[str, str], Sequence[str]]
    prints_accuracy: bool = False
    most_samples: int = sys.maxsize


def script(name: str) -> list[str]:
    """Return the start of a command line for a program beside this one."""
    return [sys.executable, str(BENCH / name)]


def installed(name: str) -> str:
    """Return the path of a command in this Python's environment."""
    return str(Path(sys.executable).parent / name)


CONTESTANTS = (
    Contestant(
        EVALSTREAM,
        lambda log, scored: [
            *(installed("evalstream"), "score", log, "--output-file", scored),
            *("--action", "overwrite", "--display", "none"),
        ],
    ),
    Contestant(
        INSPECT,
        lambda log, scored: [
            *(installed("inspect"), "score", log, "--output-file", scored),
            *("--action", "overwrite", "--display", "none"),
        ],
        most_samples=10_000,
    ),
    Contestant(PLAIN, lambda log, scored: [*script("plain_loop.py"), log, scored, "deflate"], prints_accuracy=True),
    Contestant(PLAIN_ZSTD, lambda log, scored: [*script("plain_loop.py"), log, scored, "zstd"], prints_accuracy=True),
)


def log_of(samples: int) -> Path:
    """Return a log of so many samples, made if it is not there yet."""
    log = DATA / f"unscored-{samples}.eval"
    if not log.exists():
        print(f"making a log of {samples:,} samples", flush=True)
        DATA.mkdir(exist_ok=True)
        measure([*script("make_logs.py"), str(log), str(samples)], DATA)
    return log


def run_once(contestant: Contestant, log: Path) -> tuple[Measured, float]:
    """Return what a run cost, and the accuracy that it found."""
    scored = DATA / "scored.eval"
    scored.unlink(missing_ok=True)
    run = measure(contestant.command(str(log), str(scored)), DATA)
    said = run if contestant.prints_accuracy else measure([*script("accuracy.py"), str(scored)], DATA)
    scored.unlink()
    return run, float(said.output)


def run_size(samples: int, contestants: Sequence[Contestant]) -> dict[str, Measured]:
    """Return each contestant's best run on a log of so many samples."""
    log = log_of(samples)
    best: dict[str, Measured] = {}
    found: dict[str, float] = {}
    # In turns, so that a spell of other work on the machine does not hit one contestant only.
    for _ in range(RUNS):
        for contestant in contestants:
            before = best.get(contestant.name)
            if before is not None and before.seconds > SLOW_SECONDS:
                continue
            run, found[contestant.name] = run_once(contestant, log)
            print(f"{samples:>9,}  {contestant.name:20} {run.seconds:9.2f} s", flush=True)
            if before is None or run.seconds < before.seconds:
                best[contestant.name] = run
    if len(set(found.values())) > 1:
        raise RunFailedError(f"The contestants do not agree on the accuracy of {samples:,} samples: {found}")
    return best


def main() -> None:
    """Measure what the command line asks for, and write the page if that is everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes",
        type=lambda text: tuple(int(size) for size in text.split(",")),
        default=SIZES,
        help="numbers of samples, as in 1000,10000 (default: 1000,10000,100000)",
    )
    parser.add_argument("--no-inspect", action="store_true", help="leave `inspect score` out, which takes minutes")
    parser.add_argument(
        "--report", type=Path, help="where to write the page (default: docs/benchmarks.md, if all is run)"
    )
    arguments = parser.parse_args()
    contestants = [each for each in CONTESTANTS if not (arguments.no_inspect and each.name == INSPECT)]

    figures: dict[int, dict[str, Measured]] = {}
    try:
        for samples in sorted(arguments.sizes):
            figures[samples] = run_size(samples, [each for each in contestants if samples <= each.most_samples])
    except RunFailedError as error:
        sys.exit(str(error))

    print(f"\n{results_table(figures)}\n\n{targets_table(figures)}\n")
    complete = set(SIZES) <= set(figures) and not arguments.no_inspect
    target: Path | None = arguments.report or (PAGE if complete else None)
    if target is not None:
        target.write_text(page(figures, RUNS, SLOW_SECONDS, "make bench"), encoding="utf-8")
        print(f"Written: {target}")


if __name__ == "__main__":
    main()
