"""What a worker names a log."""

from __future__ import annotations

import re
from typing import Any

from ..events import LIVE_RUN, EvalStarted
from ..tally.run_state import RunState

__all__ = ["log_name", "name_of"]

LONGEST = 60
"""Bytes of one part: file systems take 255 for a name."""


def log_name(run: RunState) -> str:
    """Return what a run's log is called, see `name_of`."""
    return name_of(run.started, run.eval_id, run.run_id)


def name_of(started: EvalStarted | None, eval_id: str, run_id: str) -> str:
    """Return a file name as Inspect makes it: time of creation, task, task id; the run too unless it is the live one.

    Names come from events, so they cannot lead out of the folder: only letters, digits, dots and dashes are left.
    """
    header = started.header if started else {}
    spec: dict[str, Any] = header.get("eval") or {}
    parts = [str(spec.get("created") or ""), str(spec.get("task") or "task"), str(spec.get("task_id") or eval_id)]
    if run_id != LIVE_RUN:
        parts.append(run_id)
    shape = started.log.format if started else "eval"
    return "_".join(clean(part) for part in parts if part) + f".{shape}"


def clean(text: str) -> str:
    """Leave what is harmless in a file name.

    Examples
    --------
    >>> clean("2026-11-20T20:31:01+00:00"), clean("../../etc/passwd"), clean("..")
    ('2026-11-20T20-31-01-00-00', 'etc-passwd', 'x')
    """
    harmless = re.sub(r"[^\w.-]+", "-", text).strip("-.")
    return harmless.encode()[:LONGEST].decode(errors="ignore").strip("-.") or "x"
