"""Samples of an eval of which the topic has no completion any more: the ledger and the log must say so."""

from __future__ import annotations

from collections.abc import Iterator

from ..events import SampleCompleted
from ..tally.run_state import RunState
from ..transport.record import NewRecord

__all__ = ["missing_completions"]


def missing_completions(run: RunState) -> list[NewRecord]:
    """Return, for each sample-epoch that is missing, a completion that says why it cannot be read.

    Parameters
    ----------
    run
        A run that has heard of all completions that there are.
    """
    if run.started is None or run.completed is None:
        return []
    gap = max(run.completed.samples - run.received, 0)
    names = list(_absent(run))
    if len(names) != gap:
        # The dataset's ids are not known, or not what was run: how many are missing is certain, which ones is not.
        names = [("?", f"sample {number} of {gap} that are missing") for number in range(1, gap + 1)]
    records = []
    for sample_id, name in names:
        # The name is part of it: two of the same bytes would be one dead letter.
        reason = f"{name}: its completion is not on the topic (its retention may have removed it)"
        event = SampleCompleted(eval_id=run.eval_id, unreadable=reason, scorers=run.started.scorers)
        records.append(NewRecord(f"{run.eval_id}/{sample_id}".encode(errors="replace"), event.to_bytes()))
    return records


def _absent(run: RunState) -> Iterator[tuple[str, str]]:
    """Yield id and name of each sample-epoch of the dataset of which nothing came."""
    epochs = run.started.epochs if run.started is not None else 1
    dead = {row.sample for row in run.dead.values()}
    for sample_id in run.dataset_ids or ():
        if not isinstance(sample_id, str | int) or str(sample_id) in dead:
            continue
        seen = {run.samples.epochs[number] for number in run.samples.epochs_of(sample_id)}
        for epoch in range(1, epochs + 1):
            if epoch not in seen:
                yield str(sample_id), f"sample {sample_id}" + (f" epoch {epoch}" if epochs > 1 else "")
