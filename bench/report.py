"""The benchmark's page: table, targets, and what a reader needs to repeat and to doubt it."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from measure import Measured

__all__ = ["EVALSTREAM", "INSPECT", "PLAIN", "PLAIN_ZSTD", "Figures", "page", "results_table", "targets_table"]

EVALSTREAM = "`evalstream score`"
INSPECT = "`inspect score`"
PLAIN = "plain loop, deflate"
PLAIN_ZSTD = "plain loop, zstd"

# By number of samples, then by contestant.
Figures = Mapping[int, Mapping[str, Measured]]

_PACKAGES = ("evalstream", "inspect-ai", "faust-streaming", "msgspec", "zstandard")
_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Ratio:
    """A ratio of two figures, and where it should be; ``None`` for one that was not measured."""

    what: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def target(self) -> str:
        """The target in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}x"
        return f"at most {self.at_most:g}x" if self.at_most is not None else "none"

    @property
    def verdict(self) -> str:
        """Met or missed."""
        if self.value is None:
            return "not measured"
        if self.at_least is None and self.at_most is None:
            return ""
        met = (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )
        return "met" if met else "**missed**"


def ratios(figures: Figures) -> list[Ratio]:
    """Return every ratio that the project set itself a target for, and some that tell more."""

    def seconds(samples: int, who: str = EVALSTREAM) -> float | None:
        measured = figures.get(samples, {}).get(who)
        return None if measured is None else measured.seconds

    def peak(samples: int) -> float | None:
        measured = figures.get(samples, {}).get(EVALSTREAM)
        return None if measured is None else measured.peak_bytes

    def marginal(fewer: int, more: int) -> float | None:
        first, second = seconds(fewer), seconds(more)
        return None if first is None or second is None else (second - first) / (more - fewer)

    def per_sample(samples: int) -> float | None:
        measured = seconds(samples)
        return None if measured is None else measured / samples

    faster, slower = "faster than `inspect score`", "time over the plain loop's"
    return [
        Ratio(f"{faster}, 10,000 samples", _over(seconds(10_000, INSPECT), seconds(10_000)), at_least=50),
        Ratio(f"{faster}, 1,000 samples", _over(seconds(1_000, INSPECT), seconds(1_000))),
        Ratio(f"{slower} (deflate), 10,000 samples", _over(seconds(10_000), seconds(10_000, PLAIN)), at_most=2.5),
        Ratio(f"{slower} (deflate), 100,000 samples", _over(seconds(100_000), seconds(100_000, PLAIN))),
        Ratio(f"{slower} (zstd), 10,000 samples", _over(seconds(10_000), seconds(10_000, PLAIN_ZSTD))),
        Ratio(f"{slower} (zstd), 100,000 samples", _over(seconds(100_000), seconds(100_000, PLAIN_ZSTD))),
        Ratio("peak memory at 100,000 samples over that at 1,000", _over(peak(100_000), peak(1_000)), at_most=1.5),
        Ratio(
            "time per sample at 100,000 over that at 10,000, start-up included",
            _over(per_sample(100_000), per_sample(10_000)),
            at_most=1.2,
        ),
        Ratio(
            "time of a further sample from 10,000 to 100,000 over that from 1,000 to 10,000",
            _over(marginal(10_000, 100_000), marginal(1_000, 10_000)),
        ),
    ]


def _over(first: float | None, second: float | None) -> float | None:
    return None if first is None or not second else first / second


def results_table(figures: Figures) -> str:
    """Return a Markdown table with a row for each size and contestant."""
    head = ("samples", "contestant", "wall time, s", "samples/s", "ms per sample", "peak memory, MiB")
    rows = (_row(samples, who, run) for samples, runs in sorted(figures.items()) for who, run in runs.items())
    return _table(head, rows, numbers_from=2)


def _row(samples: int, who: str, run: Measured) -> Sequence[str]:
    rate, each = samples / run.seconds, run.seconds / samples
    figures = (f"{run.seconds:.2f}", f"{rate:,.0f}", f"{each * 1000:.3f}", f"{run.peak_bytes / _MEBIBYTE:.0f}")
    return (f"{samples:,}", who, *figures)


def targets_table(figures: Figures) -> str:
    """Return a Markdown table with a row for each ratio: measured, target, met or missed."""
    return _table(
        ("evalstream's", "measured", "target", ""),
        (
            (ratio.what, "" if ratio.value is None else f"{ratio.value:.2f}x", ratio.target, ratio.verdict)
            for ratio in ratios(figures)
        ),
        numbers_from=4,
    )


def _table(head: Sequence[str], rows: Iterator[Sequence[str]], numbers_from: int) -> str:
    rule = ["---:" if column >= numbers_from else "---" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def page(figures: Figures, runs: int, slow: float, command: str) -> str:
    """Return the whole page in Markdown.

    Parameters
    ----------
    figures
        The best run of each contestant at each size.
    runs, slow
        How many runs the best was taken of, and after how many seconds one run had to do.
    command
        What to call to get this page anew.
    """
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"""# Benchmarks

What it takes to score a log with the scorer `match`, from the start of the process to its end: interpreter, imports,
reading, scoring, metrics, and writing the scored log. This page is written by `{command}`.

- Date: {datetime.datetime.now(tz=datetime.timezone.utc):%Y-%m-%d}
- Machine: {os.cpu_count()} cores, {platform.machine()}, {platform.system()}{_memory()}
- Python {platform.python_version()}; {packages}

## Figures

{results_table(figures)}

Wall time is the best of {runs} runs, taken in turns; a contestant whose first run takes longer than {slow:g} s has that
one only. Peak memory is the highest resident set of the same run. All contestants find the same accuracy in each log.

## Targets

{targets_table(figures)}

## The contestants

- `evalstream score`: the whole way over the embedded broker: publish, score, tally, materialise.
- `inspect score`: with `--action overwrite --display none`, as evalstream. Its time grows with the square of the
  samples, so it stops at 10,000.
- plain loop, deflate: a yardstick, not a scorer. It unzips the log, parses each sample with `json`, compares the end of
  the completion with the target, and zips all again: no score events, no summaries, no metrics in the log.
- plain loop, zstd: the same, but what it writes is compressed with Zstandard, as Inspect and evalstream do, and by the
  same package that Inspect uses for it.

The logs are unscored, with some 6 kB of JSON a sample, compressed with Zstandard, in the shape that Inspect 0.3.285
writes.

## How to repeat

```
{command}
```

makes the environment and the logs (in `bench-data/`, the largest takes some 200 MB) and rewrites this page. To measure
less: `.venv/bin/python bench/run.py --sizes 1000,10000 --no-inspect`.
"""


def _memory() -> str:
    try:
        return f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30):.0f} GiB of memory"
    except (ValueError, OSError):
        return ""
