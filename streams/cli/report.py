"""What a scored log's numbers look like, for people and for machines."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from .guard import EXIT_FAILED
from .text import plain, shorten

if TYPE_CHECKING:  # commands that only look at logs use this module, and need no agents
    from ..events import LedgerEntry, ScorerUsage
    from ..score_log import ScoredLog
    from ..tally.run_state import RunState

__all__ = ["as_json", "brief", "exit_code", "finite", "metrics_table", "number", "print_report", "usage_table"]

_ERRORS = ("stderr", "bootstrap_stderr")


def print_report(console: Console, title: str, scored: ScoredLog) -> None:
    """Print a log's metrics, its ledger if anything is missing, and where it is."""
    final = scored.run.finish()
    if final.error is not None:
        console.print(f"No results: {shorten(final.error)}", style="bold red", soft_wrap=True)
    elif scored.run.rows:
        console.print(metrics_table(title, scored.run.rows))
    if scored.run.failed:
        console.print(_ledger_table(scored.written.ledger))
        for line in _causes(scored):
            console.print(f"  {shorten(line)}", soft_wrap=True)
    if scored.written.usage:
        console.print(usage_table(scored.written.usage))
    for line in _unscored(scored):
        console.print(line, soft_wrap=True)
    unpaid = _unpaid(scored)
    if unpaid is not None:
        console.print(plain(unpaid), style="yellow", soft_wrap=True)
    console.print(f"Scored log: {plain(scored.written.location)}", soft_wrap=True)


def metrics_table(title: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Make a table of result rows as a log has them."""
    table = _table(title, ("scorer", "reducer", "metric"), ("value", "stderr", "scored", "unscored"))
    for row in rows:
        metrics = row.get("metrics") or {}
        error = next((metrics[key]["value"] for key in _ERRORS if key in metrics), None)
        shown = {key: metric for key, metric in metrics.items() if key not in _ERRORS} or metrics
        name = row["name"] if row["name"] == row["scorer"] else f"{row['scorer']} · {row['name']}"
        first: tuple[str, str, str, str, str] | None = (
            shorten(name),
            shorten(row.get("reducer") or ""),
            number(error) if error is not None else "",
            str(row.get("scored_samples", "")),
            str(row.get("unscored_samples", "")),
        )
        for key, metric in shown.items():
            label = f"{metric['group']} {metric['name']}" if metric.get("group") else key
            scorer, reducer, stderr, count, unscored = first or ("", "", "", "", "")
            table.add_row(scorer, reducer, shorten(label), number(metric["value"]), stderr, count, unscored)
            first = None
    return table


def _ledger_table(ledger: Iterable[LedgerEntry]) -> Table:
    table = _table("Ledger", ("scorer",), ("expected", "received", "scored", "unscored", "failed", "dead-lettered"))
    for entry in ledger:
        numbers = (
            entry.expected, entry.received, entry.scored, entry.unscored, entry.failed, entry.dead_lettered,
        )  # fmt: skip
        table.add_row(shorten(entry.scorer), *(str(number) for number in numbers))
    return table


def usage_table(usage: Iterable[ScorerUsage]) -> Table:
    """Make a table of what scorers used of models."""
    usage = list(usage)
    table = _table("Judges", ("scorer", "model"), ("calls", "cached", "input", "output", "tokens", "USD"))
    for one in usage:
        numbers = (one.calls, one.cached, one.input_tokens, one.output_tokens, one.total_tokens)
        table.add_row(
            shorten(one.scorer), shorten(f"{one.model} ({one.role})" if one.role else one.model),
            *(str(number) for number in numbers), "" if one.cost is None else f"{one.cost:.4f}",
        )  # fmt: skip
    return table


def _table(title: str, words: Iterable[str], numbers: Iterable[str]) -> Table:
    table = Table(title=shorten(title), title_justify="left")
    for heading in words:
        table.add_column(heading, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _unpaid(scored: ScoredLog) -> str | None:
    from ..materialise.header import unpaid  # noqa: PLC0415 - commands that only look at logs need no agents

    return unpaid(scored.run)


NAMED = 5


def _failures(scored: ScoredLog) -> list[str]:
    """Say of the first few samples without a score which they are and why."""
    run = scored.run
    lines = []
    for name, column in zip(run.names(), run.columns, strict=False):
        for index, reason in list(column.failures.items())[:NAMED]:
            lines.append(f"{name}: {_sample(run, index)}: {reason}")
        if column.failed > NAMED:
            lines.append(f"{name}: and {column.failed - NAMED} more")
    return lines + _unreadable(run)


def _causes(scored: ScoredLog) -> list[str]:
    """Say why samples have no score, each reason once, and of which samples that holds."""
    run = scored.run
    lines = []
    for name, column in zip(run.names(), run.columns, strict=False):
        samples: dict[str, list[int]] = {}
        for index, reason in column.failures.items():
            samples.setdefault(reason, []).append(index)
        for reason, indexes in list(samples.items())[:NAMED]:
            who = _sample(run, indexes[0])
            if len(indexes) > 1:
                who = f"{len(indexes)} samples, the first is {who}"
            lines.append(f"{name}: {who}: {reason}")
        unnamed = column.failed - sum(len(indexes) for indexes in list(samples.values())[:NAMED])
        if unnamed:
            lines.append(f"{name}: and {unnamed} more")
    return lines + _unreadable(run)


def _unscored(scored: ScoredLog) -> list[str]:
    """Say which command shows why scorers gave no score; what a spent budget left out is told elsewhere."""
    lines = []
    for entry, column in zip(scored.written.ledger, scored.run.columns, strict=False):
        count = column.unscored - len(column.unpaid)  # not those for which a scorer returned None: they have no score
        if count > 0:
            named = f"{shlex.quote(plain(scored.written.location))} --scorer {shlex.quote(plain(entry.scorer))}"
            lines.append(f"{count} unscored: `evalstream samples {named} --value NaN` shows why.")
    return lines


def _sample(run: RunState, index: int) -> str:
    return f"sample {run.samples.ids[index]} epoch {run.samples.epochs[index]}"


def _unreadable(run: RunState) -> list[str]:
    lines = [f"not readable: {row.reason}" for row in list(run.dead.values())[:NAMED]]
    return lines + ([f"not readable: and {len(run.dead) - NAMED} more"] if len(run.dead) > NAMED else [])


def as_json(scored: ScoredLog, action: str) -> dict[str, Any]:
    """Return the same for machines; NaN is null, which JSON knows."""
    final = scored.run.finish()
    return {
        "output": scored.written.location,
        "sha256": scored.written.sha256,
        "status": scored.written.status,
        "action": action,
        "samples": scored.run.expected,
        "results": finite(scored.run.rows),
        "error": final.error,
        "failures": _failures(scored),
        "ledger": [entry.model_dump() for entry in scored.written.ledger],
        "usage": [one.model_dump() for one in scored.written.usage or ()],
        "budget": _unpaid(scored),
    }


def exit_code(scored: ScoredLog) -> int:
    """Return a command's exit code: whether some samples have no score, or a metric failed."""
    return EXIT_FAILED if scored.run.failed or scored.run.finish().error else 0


def finite(value: Any) -> Any:
    """Replace what JSON does not know: NaN and infinities by null."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def brief(rows: Iterable[Mapping[str, Any]]) -> str:
    """Name the first metric of each row, for beside a progress bar.

    Examples
    --------
    >>> brief([{"name": "match", "reducer": None, "metrics": {"accuracy": {"value": 0.5}}}])
    'match accuracy 0.500'
    """
    parts = []
    for row in rows:
        for key, metric in row["metrics"].items():
            reducer = f"/{row['reducer']}" if row.get("reducer") else ""
            parts.append(plain(f"{row['name']}{reducer} {key} {number(metric['value'])}"))
            break
    return "  ".join(parts[:3])


def number(value: Any) -> str:
    """Show a metric's value: three decimals for a float, nothing for what is not known.

    Examples
    --------
    >>> number(0.12345), number(3), number(float("nan"))
    ('0.123', '3', '–')
    """
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3f}"
    return str(value)
