"""What can be seen of all runs from outside a worker: from the last records of ``evals``, ``metrics`` and ``logs``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from .events import (
    LIVE_RUN,
    EvalCompleted,
    EvalStarted,
    Event,
    LedgerEntry,
    LogMaterialised,
    MetricsUpdated,
    ScorerUsage,
)
from .topics import EVALS, LOGS, METRICS
from .transport.record import Record

__all__ = ["SEEN", "Overview", "RunRow", "RunStatus"]

SEEN = (EVALS, METRICS, LOGS)
"""The topics that an overview is made from."""

RunStatus: TypeAlias = Literal["running", "silent", "scoring", "complete", "written"]

_Taken = TypeVar("_Taken", bound=Event)

_of_evals: TypeAdapter[EvalStarted | EvalCompleted] = TypeAdapter(
    Annotated[EvalStarted | EvalCompleted, Field(discriminator="event")]
)


@dataclass(frozen=True)
class RunRow:
    """A scoring run as it was when its last record was written.

    Attributes
    ----------
    state
        ``running``: more samples will come. ``silent``: so it seems, but nothing has come for the deadline.
        ``scoring``: all are published, and some have no score yet. ``complete``: the ledger balances, and the log is
        to be written. ``written``: it is.
    expected, received
        Sample-epochs that there will be, if that is known, and of which each scorer has said something.
    status
        The eval's own, or that of its log once it is written; None before its end.
    log
        Where the log is.
    updated_ms
        When the last of its records was written, in milliseconds since 1970.
    usage
        What scorers used of models so far.
    """

    eval_id: str
    run_id: str
    state: RunStatus
    task: str
    model: str
    status: str | None
    expected: int | None
    received: int
    partial_samples: int
    ledger: list[LedgerEntry]
    scores: list[dict[str, Any]]
    log: str | None
    updated_ms: int
    usage: list[ScorerUsage] = field(default_factory=list)


@dataclass
class _Run:
    started: EvalStarted | None = None
    completed: EvalCompleted | None = None
    metrics: MetricsUpdated | None = None
    log: LogMaterialised | None = None
    updated_ms: int = 0


@dataclass
class Overview:
    """Takes records in the order in which they stand, each topic's by itself, and gives a row for each run.

    Of ``metrics`` and ``logs`` the last record of a key counts, and is read only when rows are asked for. Of an eval's
    starts and ends the first ones count, as they do for the tally. What is no event of ours is passed over.

    Examples
    --------
    >>> overview = Overview()
    >>> done = EvalCompleted(eval_id="e1", samples=5)
    >>> overview.take("evals", [Record(0, b"e1", done.to_bytes(), (), 1000)])
    >>> [(row.eval_id, row.state, row.received, row.expected) for row in overview.rows()]
    [('e1', 'scoring', 0, 5)]
    """

    _runs: dict[tuple[str, str], _Run] = field(default_factory=dict)
    _last: dict[tuple[str, bytes | None], Record] = field(default_factory=dict)

    def take(self, topic: str, records: Iterable[Record]) -> None:
        """Take in records of one of the topics `SEEN`."""
        if topic != EVALS.name:
            for record in records:
                self._last[topic, record.key] = record
            return
        for record in records:
            try:
                event = _of_evals.validate_json(record.value or b"")
            except ValidationError:
                continue
            run = self._run(event, record)
            if isinstance(event, EvalStarted):
                run.started = run.started or event
            else:
                run.completed = run.completed or event

    def rows(self, now_ms: int = 0, deadline: float | None = None) -> list[RunRow]:
        """Return the runs, the one whose records are newest first.

        Parameters
        ----------
        now_ms
            Milliseconds since 1970.
        deadline
            Seconds after which a run of which nothing comes is silent; None: never.
        """
        for (topic, _), record in self._last.items():
            if topic == METRICS.name:
                metrics = _read(MetricsUpdated, record)
                if metrics is not None:
                    self._run(metrics, record).metrics = metrics
            else:
                log = _read(LogMaterialised, record)
                if log is not None:
                    self._run(log, record).log = log
        oldest = None if deadline is None else now_ms - deadline * 1000
        rows = [
            _row(eval_id, run_id, run, self._start(eval_id, run), oldest)
            for (eval_id, run_id), run in self._runs.items()
        ]
        return sorted(rows, key=lambda row: (-row.updated_ms, row.eval_id, row.run_id))

    def _start(self, eval_id: str, run: _Run) -> EvalStarted | None:
        """Return what is known of the eval; a run that scores it anew has no start of its own."""
        live = self._runs.get((eval_id, LIVE_RUN))
        return run.started or (live.started if live else None)

    def _run(self, event: Event, record: Record) -> _Run:
        # By what the event says, not by the record's key: minimal producers may choose that as they like.
        run = self._runs.setdefault((event.eval_id, event.run_id), _Run())
        run.updated_ms = max(run.updated_ms, record.timestamp_ms)
        return run


def _read(kind: type[_Taken], record: Record) -> _Taken | None:
    try:
        return kind.model_validate_json(record.value or b"")
    except ValidationError:
        return None


def _row(eval_id: str, run_id: str, run: _Run, started: EvalStarted | None, oldest: float | None) -> RunRow:
    spec = (started.header.get("eval") or {}) if started else {}
    metrics, log, completed = run.metrics, run.log, run.completed
    ledger = log.ledger if log and log.ledger else metrics.ledger if metrics else []
    expected = completed.samples if completed else next((entry.expected for entry in ledger), None)
    if expected is None and started:
        expected = started.expected
    return RunRow(
        eval_id=eval_id,
        run_id=run_id,
        state=_state(run, oldest),
        task=str(spec.get("task") or ""),
        model=str(spec.get("model") or ""),
        status=log.status if log else completed.status if completed else None,
        expected=expected,
        received=min((entry.received for entry in ledger), default=0),
        partial_samples=metrics.partial_samples if metrics else 0,
        ledger=ledger,
        usage=(log.usage if log and log.usage else metrics.usage if metrics else None) or [],
        scores=metrics.scores if metrics else (log.scores or []) if log else [],
        log=log.location if log else None,
        updated_ms=run.updated_ms,
    )


def _state(run: _Run, oldest: float | None) -> RunStatus:
    if run.log is not None:
        return "written"
    if run.metrics is not None and run.metrics.final:
        return "complete"
    if run.completed is not None:
        return "scoring"
    return "silent" if oldest is not None and run.updated_ms < oldest else "running"
