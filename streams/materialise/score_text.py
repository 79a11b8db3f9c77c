"""An event of ``scores`` read again: the score's own text, and what names it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from evalstream.scorers.jsontext import loads, split_object

__all__ = ["ScoreText", "read_score"]


class ScoreText(NamedTuple):
    """A score as it goes into a log: ``text`` is its JSON, as the event has it."""

    scorer: str
    score_id: str
    text: bytes


class _Fields(msgspec.Struct, gc=False):
    scorer: str
    score_id: str
    score: msgspec.Raw


_fields = msgspec.json.Decoder(_Fields)


def read_score(value: bytes) -> ScoreText:
    """Read a `ScoreEmitted` that has a score.

    Examples
    --------
    >>> read_score(b'{"scorer":"match","score_id":"7","score":{"value":NaN}}')
    ScoreText(scorer='match', score_id='7', text=b'{"value":NaN}')
    """
    try:
        fields = _fields.decode(value)
    except msgspec.DecodeError:  # NaN, the value of an unscored sample
        members = split_object(value)
        return ScoreText(loads(members["scorer"]), loads(members["score_id"]), members["score"])
    return ScoreText(fields.scorer, fields.score_id, bytes(fields.score))
