"""Rows of a run's state: one score as the tally keeps it, and the segments in which rows are made durable.

A segment is one table record for one batch and run, holding only that batch's new rows: a table value that grows would
be written again and again. A run's state is a function of its segments in order; rebuilding it drops doubles.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from evalstream.scorers.jsontext import dumps, loads
from evalstream.scorers.value import Value, is_unscored

from ..errors import StateError
from ..events import MOST_SCORERS, SampleDeadLettered, ScoreEmitted

__all__ = [
    "Count",
    "DeadRow",
    "Offset",
    "Outcome",
    "ReadRow",
    "Row",
    "ScoreRow",
    "Slot",
    "decode_segment",
    "encode_segment",
]

Outcome = Literal["s", "n", "f"]
SCORED: Literal["s"] = "s"
NO_SCORE: Literal["n"] = "n"
FAILED: Literal["f"] = "f"

MOST_BYTES = 256 << 20
"""Of a segment, decompressed: a batch of scores comes nowhere near."""

BUDGET = "budget"
"""The reason of a score that is unscored because the budget for judges was spent."""

_OF_ALL = 10
"""Fields of a score's row that are always stored."""

FAILURES = 1 << 62
"""Larger than any offset: the rank of the first failure."""


# Bounds hold where rows are read from the changelog, which is a topic like any other.
Count = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
Offset = Annotated[int, msgspec.Meta(ge=0, lt=FAILURES)]
Slot = Annotated[int, msgspec.Meta(ge=0, lt=MOST_SCORERS)]


class ScoreRow(NamedTuple):
    """One outcome of one scorer for one sample and epoch.

    ``outcome`` is SCORED (``value`` is the score's value, NaN if unscored), NO_SCORE (the scorer returned None) or
    FAILED (``value`` is the reason). ``completion`` is partition and offset on ``completions``, ``score`` the event's
    offset on ``scores``. ``usage`` is the event's; ``unpaid`` tells a score that is unscored because the budget for
    judges was spent. The last two, which most rows have not, are not stored then.
    """

    sample_id: str | int
    epoch: Count
    slot: Slot
    scorer: str
    outcome: Outcome
    value: Any
    completion: tuple[Count, Offset]
    score: Offset
    errored: bool
    metadata: dict[str, Any] | None
    usage: dict[str, Any] | None = None
    unpaid: bool = False

    @property
    def rank(self) -> int:
        """Which of several outcomes counts: the smallest. What a scorer said comes before failures, else the first."""
        return self.score + (FAILURES if self.outcome == FAILED else 0)

    @classmethod
    def of(cls, event: ScoreEmitted, offset: int) -> ScoreRow:
        """Make the row of an event at its offset on ``scores``."""
        outcome: Outcome = NO_SCORE
        value: Value | None = None
        if event.error is not None:
            outcome, value = FAILED, f"{event.error.type}: {event.error.message}"
        elif event.score is not None:
            outcome, value = SCORED, event.score.value
        return cls(
            event.sample_id, event.epoch, event.slot, event.scorer, outcome, value,
            (event.source.partition, event.source.offset), offset, event.errored, event.metadata, event.usage or None,
            event.score is not None and event.score.reason == BUDGET and is_unscored(event.score.value),
        )  # fmt: skip


class DeadRow(NamedTuple):
    """A completion that could not be read: where it stands, what it may have been, why, and its identity."""

    completion: tuple[Count, Offset]
    sample: str
    reason: str
    identity: str

    @classmethod
    def of(cls, event: SampleDeadLettered) -> DeadRow:
        """Make the row of an event."""
        completion = (event.source.partition, event.source.offset)
        return cls(completion, event.sample, event.error.message, event.record or f"{completion}")


class ReadRow(NamedTuple):
    """A dead completion, by its identity, that came again and could be read: it is not dead any more."""

    identity: str


Row = ScoreRow | DeadRow | ReadRow


def encode_segment(rows: Iterable[Row]) -> bytes:
    """Print rows as one compressed JSON text (values keep their type: 1, 1.0, true and "1" stay apart)."""
    return zlib.compress(dumps([row[:_OF_ALL] if row[_OF_ALL:] == (None, False) else row for row in rows]), level=1)


def decode_segment(data: bytes) -> list[Row]:
    """Read what `encode_segment` printed, once or joined several times.

    Raises
    ------
    StateError
        It is something else.

    Examples
    --------
    >>> row = ScoreRow("s1", 1, 0, "match", SCORED, 1.0, (0, 7), 3, False, None)
    >>> segment = encode_segment([row])
    >>> decode_segment(segment) == [row], decode_segment(segment + segment) == [row, row]
    (True, True)
    """
    rows: list[Row] = []
    try:
        while data:
            segment = zlib.decompressobj()
            text = segment.decompress(data, MOST_BYTES)
            if not segment.eof:
                raise StateError(f"a segment that is cut short, or of more than {MOST_BYTES} bytes")
            rows.extend(_rows(text))
            data = segment.unused_data
    except (zlib.error, ValueError, msgspec.ValidationError) as error:  # also half of a surrogate pair
        raise StateError(f"not a segment ({error})") from error
    return rows


_scores = msgspec.json.Decoder(list[ScoreRow])


def _rows(text: bytes) -> list[Row]:
    try:
        return list(_scores.decode(text))  # nearly always: four times as fast
    except (msgspec.DecodeError, UnicodeError):  # other rows among them, or NaN, or junk
        return [_row(fields) for fields in msgspec.convert(loads(text), list[list[Any]])]


def _row(fields: list[Any]) -> Row:
    if len(fields) == len(DeadRow._fields):
        return msgspec.convert(fields, DeadRow)
    if len(fields) == len(ReadRow._fields):
        return msgspec.convert(fields, ReadRow)
    return msgspec.convert(fields, ScoreRow)
