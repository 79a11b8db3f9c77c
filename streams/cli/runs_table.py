"""The runs on a broker as tables. All of their text came from events: none of it may speak to the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ..events import LIVE_RUN
from ..overview import RunRow
from .report import number, usage_table
from .text import plain, shorten

__all__ = ["ago", "print_details", "print_runs"]

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_STATES = {"complete": "log to be written", "written": "log written"}


def print_runs(console: Console, rows: Iterable[RunRow], now_ms: int) -> None:
    """Print one table of all runs, and below it where their logs are: paths stay whole in a narrow terminal."""
    rows = list(rows)
    table = _table("", "eval", "state", "samples", "metrics", "updated")
    table.show_lines = True
    for row in rows:
        lost = [line for entry in row.ledger if (line := _lost(entry.model_dump()))]
        lost.extend(_spent(row))
        metrics = [f"{name} {values[0][0]} {values[0][1]}" for name, values in _metrics(row.scores) if values]
        table.add_row(
            _name(row), _state(row), "\n".join([_samples(row), *lost]), "\n".join(metrics),
            ago(now_ms - row.updated_ms),
            style="red" if row.status == "error" or row.state == "silent" else "",
        )  # fmt: skip
    console.print(table)
    _print_logs(console, rows)


def print_details(console: Console, rows: Iterable[RunRow], now_ms: int) -> None:
    """Print all that is known of some runs: each scorer's ledger, and every metric."""
    for row in rows:
        state = f"{_state(row)}, {_samples(row)} samples, updated {ago(now_ms - row.updated_ms)}"
        console.print(f"{_name(row)}\n{state}".replace("\n", " · "), soft_wrap=True)
        ledger = _table("Ledger", "scorer", "expected", "received", "scored", "unscored", "failed", "dead-lettered")
        for entry in row.ledger:
            expected, *counts = list(entry.model_dump(exclude={"scorer"}).values())
            ledger.add_row(shorten(entry.scorer), "?" if expected is None else str(expected), *map(str, counts))
        metrics = _table("Metrics", "scorer", "metric", "value")
        for name, values in _metrics(row.scores):
            for place, (key, value) in enumerate(values):
                metrics.add_row("" if place else name, key, value)
        for table in (ledger, metrics):
            if table.row_count:
                console.print(table)
        if row.usage:
            console.print(usage_table(row.usage))
        if row.partial_samples:
            console.print(f"{row.partial_samples} samples lack some of their epochs: their scores may change.")
        _print_logs(console, [row])


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title or None, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _print_logs(console: Console, rows: Iterable[RunRow]) -> None:
    for row in rows:
        if row.log is not None:
            console.print(f"{shorten(row.task or row.eval_id)}: {plain(row.log)}", soft_wrap=True)


def _name(row: RunRow) -> str:
    lines = [row.task, row.eval_id, row.model, "" if row.run_id == LIVE_RUN else f"run {row.run_id}"]
    return "\n".join(shorten(line) for line in lines if line)


def _state(row: RunRow) -> str:
    text = _STATES.get(row.state, row.state)
    return text if row.status in {None, "success"} else f"{text} ({shorten(row.status)})"


def _samples(row: RunRow) -> str:
    return f"{row.received} of {'?' if row.expected is None else row.expected}"


def _lost(entry: Mapping[str, Any]) -> str:
    """Say of a scorer which of its samples have no score."""
    counts = {"unscored": entry["unscored"], "failed": entry["failed"], "unreadable": entry["dead_lettered"]}
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{shorten(entry['scorer'])}: {said}" if said else ""


def _spent(row: RunRow) -> list[str]:
    """Say what a run used of models, all scorers together."""
    if not row.usage:
        return []
    costs = [one.cost for one in row.usage if one.cost is not None]
    said = f"judges: {sum(one.calls for one in row.usage)} calls, {sum(one.total_tokens for one in row.usage)} tokens"
    return [f"{said}, {sum(costs):.4f} USD" if costs else said]


def _metrics(scores: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each row's name, and its metrics with their values; what has another shape than ours is left out."""
    for row in scores:
        metrics = row.get("metrics")
        if isinstance(metrics, dict):
            name = f"{row.get('name')}/{row['reducer']}" if row.get("reducer") else str(row.get("name"))
            values = {key: metric.get("value") for key, metric in metrics.items() if isinstance(metric, dict)}
            yield shorten(name), [(shorten(key), shorten(number(value))) for key, value in values.items()]


def ago(milliseconds: float) -> str:
    """Say how long ago something was, in its largest unit.

    Examples
    --------
    >>> ago(400), ago(90_000), ago(7_300_000), ago(-5)
    ('now', '1 min ago', '2 h ago', 'now')
    """
    seconds = int(milliseconds // 1000)
    return next((f"{seconds // size} {unit} ago" for unit, size in _UNITS if seconds >= size), "now")
