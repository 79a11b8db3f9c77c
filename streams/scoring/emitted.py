"""What a scorer said, as an event to send: its own model, or nearly always something alike that costs a third."""

from __future__ import annotations

from typing import Any

import msgspec

from evalstream.scorers.score import Score

from ..events import ScoreEmitted, ScoreFailure, Source

__all__ = ["Emitted", "PlainScore", "PrintedScore", "plain_score", "printed_score"]

_LARGEST = 1e15
"""Below it msgspec and pydantic print a float alike; beyond, one writes 1e16 and the other 1e+16."""


class _Score(msgspec.Struct, gc=False, omit_defaults=True, kw_only=True):
    value: str | bool | int | float
    answer: str | None = None
    explanation: str | None = None
    reason: str | None = None
    history: tuple[()]


class _Source(msgspec.Struct, gc=False):
    topic: str
    partition: int
    offset: int


class PlainScore(msgspec.Struct, gc=False, omit_defaults=True, kw_only=True):
    """A `ScoreEmitted` whose score is one value; made by `plain_score`. The fields are the model's, in its order."""

    version: int
    eval_id: str
    run_id: str
    event: str
    score_id: str
    sample_id: str | int
    epoch: int
    scorer: str
    slot: int
    score: _Score
    error: ScoreFailure | None = None
    duration: float
    usage: dict[str, object] | None = None
    errored: bool
    record: str | None = None
    source: _Source

    def to_bytes(self) -> bytes:
        """Print the event, letter for letter as the model does."""
        try:
            return _encode(self)
        except UnicodeEncodeError:  # half of a surrogate pair, in an answer most likely
            return ScoreEmitted.model_validate(msgspec.to_builtins(self)).to_bytes()


class PrintedScore(msgspec.Struct, gc=False):
    """A `ScoreEmitted` that another process has printed, and of it what is counted; made by `printed_score`."""

    scorer: str
    duration: float
    score_id: str
    error: msgspec.Raw | None = None
    usage: dict[str, Any] | None = None
    text: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the event's text."""
        return self.text


Emitted = ScoreEmitted | PlainScore | PrintedScore

_encode = msgspec.json.Encoder().encode
_printed = msgspec.json.Decoder(PrintedScore).decode


def printed_score(text: bytes) -> PrintedScore | ScoreEmitted:
    """Take an event as it was printed.

    Examples
    --------
    >>> event = printed_score(b'{"score_id":"x","scorer":"match","duration":0.5,"score":{"value":"C"}}')
    >>> event.scorer, event.error, event.to_bytes()[:15]
    ('match', None, b'{"score_id":"x"')
    """
    try:
        event = _printed(text)
    except msgspec.DecodeError:  # NaN is a word that Inspect knows, and JSON does not
        return ScoreEmitted.model_validate_json(text)
    event.text = text
    return event


def plain_score(
    identity: tuple[str, str, str | int, int],
    score_id: str,
    scorer: str,
    slot: int,
    score: Score,
    duration: float,
    errored: bool,
    record: str | None,
    source: Source,
) -> PlainScore | None:
    """Make the event of a score that is one value, without metadata and history; None if it is anything else.

    Parameters
    ----------
    identity
        Eval id, run id, sample id and epoch.
    """
    value = score.value
    if type(value) is float:
        if not -_LARGEST < value < _LARGEST:  # NaN and Infinity, too
            return None
    elif type(value) is not str and type(value) is not bool and type(value) is not int:
        return None
    if score.metadata is not None or score.history:
        return None
    eval_id, run_id, sample_id, epoch = identity
    return PlainScore(
        version=1,
        eval_id=eval_id,
        run_id=run_id,
        event="score_emitted",
        score_id=score_id,
        sample_id=sample_id,
        epoch=epoch,
        scorer=scorer,
        slot=slot,
        score=_Score(value=value, answer=score.answer, explanation=score.explanation, reason=score.reason, history=()),
        duration=duration,
        errored=errored,
        record=record,
        source=_Source(source.topic, source.partition, source.offset),
    )
