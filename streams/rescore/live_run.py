"""The live run of an eval, read from its topics by somebody who is none of its workers."""

from __future__ import annotations

from pydantic import ValidationError

from ..errors import UsageError
from ..events import LIVE_RUN, ScoreEmitted
from ..tally.run_state import RunState
from ..tally.score_reader import read_event
from ..topics import SCORES
from ..transport.client import BrokerClient, batches_of
from ..transport.reader import TopicReader
from ..transport.record import Record
from .source_eval import SourceEval

__all__ = ["read_live_run"]


def read_live_run(client: BrokerClient, reader: TopicReader, source: SourceEval) -> RunState:
    """Return the state that a worker would have of an eval's live run, from what is on ``scores`` now.

    Parameters
    ----------
    client
        The broker.
    reader
        Reads scores again, for metrics that need them whole.
    source
        The eval.

    Raises
    ------
    UsageError
        Not every sample has its score there, or its metrics are not known here.
    BrokerError
        The broker cannot be read.
    """
    run = RunState(source.eval_id, LIVE_RUN, lambda offset: _load(reader, run.partition, offset))
    for partition in range(client.partitions(SCORES.name)):
        for records in batches_of(client, SCORES.name, partition):
            for record in records:
                _apply(run, record, partition)
    # Now, not before: metrics that run along would be of no use.
    run.start(source.started)
    run.complete(source.completed)
    if not run.balances():
        raise UsageError(
            f"The live run of eval {source.eval_id!r} is not complete: of {run.expected} samples {run.received} have"
            " their scores on the broker. Let a worker finish it, or take --action overwrite, which needs no scores."
        )
    if run.problem is not None:
        raise UsageError(f"The metrics of eval {source.eval_id!r} are not known here: {run.problem}")
    return run


def _load(reader: TopicReader, partition: int, offset: int) -> ScoreEmitted:
    return ScoreEmitted.model_validate_json(reader.read(SCORES.name, partition, offset).value or b"")


def _apply(run: RunState, record: Record, partition: int) -> None:
    """Apply what a record says, if it is of this run: as the tally agent does."""
    try:
        found = read_event(record.value or b"", record.offset)
    except ValidationError:
        return
    if (found.eval_id, found.run_id) == (run.eval_id, run.run_id):
        run.partition = partition
        run.apply(found.row)
        run.revive(found.identity)
