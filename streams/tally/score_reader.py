"""Reading records of ``scores`` into rows; nearly always in a third of the time that the event's model takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from pydantic import Field, TypeAdapter

from ..events import LIVE_RUN, SampleDeadLettered, ScoreEmitted
from .rows import FAILED, NO_SCORE, SCORED, Count, DeadRow, Offset, Outcome, ScoreRow, Slot

__all__ = ["RowRead", "read_event", "read_row"]


class RowRead(NamedTuple):
    """What a record of ``scores`` says of a run; ``identity`` is the digest of its completion, None for a dead one."""

    eval_id: str
    run_id: str
    row: ScoreRow | DeadRow
    identity: str | None


_Scalar = str | int | float | bool


class _Score(msgspec.Struct, gc=False):
    value: _Scalar | list[_Scalar] | dict[str, _Scalar | None]
    answer: str | None = None
    explanation: str | None = None
    reason: str | None = None
    metadata: dict[str, msgspec.Raw] | None = None
    history: tuple[()] = ()


class _Failure(msgspec.Struct, gc=False):
    type: str
    message: str
    stage: Literal["decode", "score", "timeout"] = "score"


class _Source(msgspec.Struct, gc=False):
    topic: str
    partition: Count
    offset: Offset


class _Event(msgspec.Struct, gc=False):
    """`ScoreEmitted`, as its own model would take it without converting anything."""

    event: Literal["score_emitted"]
    eval_id: str
    score_id: str
    sample_id: str | int
    epoch: Count
    scorer: str
    slot: Slot
    source: _Source
    version: Literal[1] = 1
    run_id: str = LIVE_RUN
    score: _Score | None = None
    error: _Failure | None = None
    duration: float = 0.0
    usage: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    errored: bool = False
    record: str | None = None


_decode = msgspec.json.Decoder(_Event).decode
_models: TypeAdapter[ScoreEmitted | SampleDeadLettered] = TypeAdapter(
    Annotated[ScoreEmitted | SampleDeadLettered, Field(discriminator="event")]
)


def read_event(value: bytes, offset: int) -> RowRead:
    """Read any event at its offset on ``scores``.

    Raises
    ------
    ValidationError
        It is none that this version knows.
    """
    found = read_row(value, offset)
    if found is not None:
        return found
    event = _models.validate_json(value)
    if isinstance(event, ScoreEmitted):
        return RowRead(event.eval_id, event.run_id, ScoreRow.of(event, offset), event.record)
    return RowRead(event.eval_id, event.run_id, DeadRow.of(event), None)


def read_row(value: bytes, offset: int) -> RowRead | None:
    """Read a plain `ScoreEmitted`.

    None if it is another event, one with NaN in it, one that is wrong: the models of `events` tell which.

    Examples
    --------
    >>> source = '"source":{"topic":"completions","partition":0,"offset":7}'
    >>> score = '"score_id":"x","sample_id":1,"epoch":1,"scorer":"match","slot":0,"score":{"value":"C"}'
    >>> text = f'{{"event":"score_emitted","eval_id":"e",{score},{source}}}'
    >>> eval_id, run_id, row, _ = read_row(text.encode(), 3)
    >>> eval_id, run_id, row.sample_id, row.value, row.completion, row.score
    ('e', 'live', 1, 'C', (0, 7), 3)
    """
    try:
        if not value.isascii():
            value.decode()  # the score's text goes into a log as it is
        event = _decode(value)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    outcome: Outcome = NO_SCORE
    what: Any = None
    if event.error is not None:
        outcome, what = FAILED, f"{event.error.type}: {event.error.message}"
    elif event.score is not None:
        outcome, what = SCORED, event.score.value
    row = ScoreRow(
        event.sample_id, event.epoch, event.slot, event.scorer, outcome, what,
        (event.source.partition, event.source.offset), offset, event.errored, event.metadata, event.usage or None,
    )  # fmt: skip
    return RowRead(event.eval_id, event.run_id, row, event.record)
