"""The events that tell of a scoring; their ids follow from the scores' ids, their times from the sample's."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evalstream.scorers.jsontext import dumps

__all__ = ["Moment", "NewScore", "children", "scorers_span"]

_NAMESPACE = uuid.UUID("0b0f5a52-5c5e-5f0f-9d7e-3a1f4f1b6c11")
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]
_BASE = len(_PAIRS)


@dataclass(frozen=True)
class NewScore:
    """A score to be put into a sample.

    Parameters
    ----------
    name
        Key in the sample's ``scores``.
    text
        The score as JSON, as Inspect prints it.
    options
        What the scorer was made with, for the event.
    score_id
        Names the score for good; ids of events follow from it.
    """

    name: str
    text: bytes
    options: Mapping[str, Any]
    score_id: str


class Moment(NamedTuple):
    """When an event happens, as JSON texts: the wall clock, and seconds of work since the sample began."""

    timestamp: bytes
    working_start: bytes


class _Ids:
    """Ids of Inspect's form, 22 letters and digits: the base-57 form of a UUID, and its successors.

    Examples
    --------
    >>> ids = _Ids("run-1")
    >>> len(ids[0]), ids[0][:20] == ids[1][:20], ids[0] == ids[1]
    (22, True, False)
    """

    def __init__(self, seed: str) -> None:
        number, self._last = divmod(uuid.uuid5(_NAMESPACE, seed).int, _BASE)
        pairs = []
        for _ in range(10):
            number, pair = divmod(number, _BASE)
            pairs.append(_PAIRS[pair])
        self._stem = "".join(reversed(pairs))

    def __getitem__(self, i: int) -> str:
        return self._stem + _PAIRS[(self._last + i) % _BASE]


def children(members: Mapping[str, bytes], scores: Sequence[NewScore], parent: str, moment: Moment) -> list[bytes]:
    """Return span begin, score and span end for each score, as children of the span `parent`."""
    target = members.get("target", b'""')
    if target[:1] != b"[":
        target = b"[" + target + b"]"
    usage = members.get("model_usage", b"{}")
    usage = b"" if usage in (b"{}", b"null") else b',"model_usage":' + usage
    timestamp, working_start = moment
    events: list[bytes] = []
    for score in scores:
        ids = _Ids(score.score_id)
        name, span = dumps(score.name), ids[1].encode()
        options = dumps(dict(score.options)) if score.options else b"{}"
        common = b'","span_id":"%s","timestamp":%s,"working_start":%s,"event":"' % (span, timestamp, working_start)
        events += (
            b'{"uuid":"%s%sspan_begin","id":"%s","parent_id":%s,"type":"scorer","name":%s}'
            % (ids[0].encode(), common, span, dumps(parent), name),
            b'{"uuid":"%s%sscore","score":%s,"target":%s,"intermediate":false,"scorer":%s,"scorer_args":%s%s}'
            % (ids[2].encode(), common, score.text, target, name, options, usage),
            b'{"uuid":"%s%sspan_end","id":"%s"}' % (ids[3].encode(), common, span),
        )
    return events


def scorers_span(
    members: Mapping[str, bytes], scores: Sequence[NewScore], seed: str, moment: Moment, parent: str | None = None
) -> list[bytes]:
    """Return a span "scorers" with the `children` of the scores in it; its ids follow from `seed`."""
    ids = _Ids(seed)
    span = ids[5]
    timestamp, working_start = moment
    common = b'","span_id":"%s","timestamp":%s,"working_start":%s,"event":"' % (span.encode(), timestamp, working_start)
    above = b"" if parent is None else b'"parent_id":%s,' % dumps(parent)
    return [
        b'{"uuid":"%s%sspan_begin","id":"%s",%s"type":"scorers","name":"scorers"}'
        % (ids[4].encode(), common, span.encode(), above),
        *children(members, scores, span, moment),
        b'{"uuid":"%s%sspan_end","id":"%s"}' % (ids[6].encode(), common, span.encode()),
    ]
