"""The header of a scored log: what was published, with the results put in as Inspect's own rescoring does."""

from __future__ import annotations

from typing import Any

from evalstream.scorers.results.append import append_results
from evalstream.scorers.results.models import EvalResults, HeadlineMetric

from ..tally.rows import DeadRow
from ..tally.run_state import RunState
from .losses import label_of, never_came
from .stats import BEFORE, ended, with_ending, with_usage
from .unpaid import told_unpaid, with_unpaid

__all__ = ["gaps", "scored_header", "unpaid"]

_ORDER = (
    "version", "status", "eval", "plan", "results", "stats", "error",
    "invalidated", "log_updates", "config_updates", "tags", "metadata",
)  # fmt: skip
NAMED = 5
"""How many of the samples without a score a message names."""


def scored_header(
    run: RunState, begun: dict[str, Any], results: EvalResults | None, error: str | None, removed: int = 0
) -> dict[str, Any]:
    """Return the header of a run's log.

    Parameters
    ----------
    run
        A complete run.
    begun
        Its header as it was known at the start, `RunState.header`.
    results
        Its final results; None if a metric failed.
    error
        Why a metric failed.
    removed
        Samples whose text is gone.
    """
    ending = run.ending
    if run.started is None or ending is None:
        raise ValueError("a log has a header when its eval has started and is complete")
    header = {**begun, **ending.header, "status": ending.status}
    spec = dict(header.get("eval") or {})
    applied = [info.to_header() for info in run.infos]
    append = run.started.action == "append"
    spec["scorers"] = [*(spec.get("scorers") or []), *applied] if append else applied
    if run.started.reducers is not None:
        spec["config"] = {**(spec.get("config") or {}), "epochs_reducer": run.started.reducers}
    header["eval"] = spec
    old = header.pop("results", None)
    if results is not None:
        made = _results(old, results, append, spec.get("headline_metric"))
        header["results"] = with_unpaid(made, unpaid(run), append)
    elif append and old is not None:
        header["results"] = old
    _end(header, error or gaps(run, removed), append)
    usage, stats = run.usage(), header.get("stats")
    if usage or (isinstance(stats, dict) and "scorer_usage" in stats):
        header["stats"] = with_usage(stats, usage, append)
    known = {key: header[key] for key in _ORDER if header.get(key) is not None}
    return known | {key: value for key, value in header.items() if key not in known and key not in _ORDER}


def unpaid(run: RunState) -> str | None:
    """Say for which samples the budget for judges did not last; None if it did for all."""
    return told_unpaid(run, _label)


def _end(header: dict[str, Any], problem: str | None, append: bool) -> None:
    """Decide on status and error: the eval's own, or those of a scoring that left gaps.

    Such a log says how its eval had ended, so that a later scoring that fills the gaps finds it again. One that
    appends leaves earlier gaps as they are.
    """
    before = ended(header.get("stats"))
    if before is not None and append:
        if problem is not None:
            header["error"] = _error(f"{_message(header)} {problem}".strip())
        return
    if before is not None:
        header["status"], header["error"] = before
        header["stats"] = {key: value for key, value in header["stats"].items() if key != BEFORE}
    if problem is not None:
        header["stats"] = with_ending(header.get("stats"), header["status"], header.get("error"))
        header["status"], header["error"] = "error", _error(problem)


def _error(message: str) -> dict[str, str]:
    return {"message": message, "traceback": "", "traceback_ansi": ""}


def _message(header: dict[str, Any]) -> str:
    error = header.get("error")
    return str(error.get("message") or "") if isinstance(error, dict) else ""


def _results(old: dict[str, Any] | None, new: EvalResults, append: bool, declared: Any) -> dict[str, Any]:
    if append and old is not None:
        return append_results(old, new, HeadlineMetric.model_validate(declared) if declared else None)
    carried = {key: (old or {}).get(key) for key in ("early_stopping", "metadata", "logged_samples")}
    return new.model_copy(update=carried).as_json()


def gaps(run: RunState, removed: int = 0) -> str | None:
    """Say which samples and scores are missing and why; None if none are."""
    sentences = []
    if run.gave_up and run.given_up is not None:
        sentences.append(_never_came(run, run.given_up.reason))
    if removed:
        sentences.append(f"{removed} without their text (retention had removed their completions)")
    order = [number for number in map(int, run.order()) if any(number in c.failures for c in run.columns)]
    for name, column in zip(run.names(), run.columns, strict=False):
        if column.failed:
            failed = [number for number in order if number in column.failures]
            number, reason = failed[0], column.failures[failed[0]]
            which = ", ".join(_label(run, n) for n in failed[:NAMED])
            more = f" and {column.failed - NAMED} more" if column.failed > NAMED else ""
            sentences.append(f"{column.failed} not scored by {name} ({which}{more}; {_label(run, number)}: {reason})")
    if run.dead:
        sentences.append(f"{len(run.dead)} not readable ({min(_dead_label(row) for row in run.dead.values())})")
    samples = run.received if run.expected is None else run.expected
    return f"Of {samples} samples {'; '.join(sentences)}." if sentences else None


def _never_came(run: RunState, reason: str) -> str:
    missing = [label_of(run, *sample) for sample in never_came(run)]
    # The dataset says more than what was expected, if a limit was set, and nothing of samples that nobody could name.
    count = (run.expected or 0) - run.received
    if count <= 0:
        return f"the eval has not ended ({reason})"
    named = ", ".join(missing[:NAMED]) if len(missing) == count else ""
    which = f"{named}{f' and {count - NAMED} more' if count > NAMED else ''}; " if named else ""
    return f"{count} never came, or were removed before they were scored ({which}{reason})"


def _dead_label(row: DeadRow) -> str:
    return row.reason if not row.sample or row.sample in row.reason else f"sample {row.sample}: {row.reason}"


def _label(run: RunState, number: int) -> str:
    epoch = run.samples.epochs[number]
    label = f"sample {run.samples.ids[number]}"
    return label if epoch == 1 and (run.started is None or run.started.epochs == 1) else f"{label} epoch {epoch}"
