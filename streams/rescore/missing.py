"""Samples of an eval of which the topic has no completion any more: the ledger and the log must say so."""

from __future__ import annotations

from ..events import SampleCompleted
from ..materialise.losses import label_of, never_came
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
    dead = {row.sample for row in run.dead.values()}
    absent = [(sample_id, epoch) for sample_id, epoch in never_came(run) if sample_id not in dead]
    if len(absent) == gap:
        names = [(sample_id, label_of(run, sample_id, epoch)) for sample_id, epoch in absent]
    else:  # the dataset's ids are not known, or not what was run: how many are missing is certain, which ones is not
        names = [("?", f"sample {number} of {gap} that are missing") for number in range(1, gap + 1)]
    records = []
    for sample_id, name in names:
        # The name is part of it: two of the same bytes would be one dead letter.
        reason = f"{name}: its completion is not on the topic (its retention may have removed it)"
        event = SampleCompleted(eval_id=run.eval_id, unreadable=reason, scorers=run.started.scorers)
        records.append(NewRecord(f"{run.eval_id}/{sample_id}".encode(errors="replace"), event.to_bytes()))
    return records
