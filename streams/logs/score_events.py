"""The events that tell of a scoring; their ids follow from the scores' ids, their times from the sample's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from evalstream.scorers.jsontext import dumps

__all__ = ["Moment", "NewScore", "event_id", "scorer_spans", "scorers_span"]

_NAMESPACE = b"evalstream.score-events:"
_ALPHABET = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))
_STEM = 21


class NewScore(NamedTuple):
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


def _ids(seed: str) -> list[bytes]:
    """Return seven ids of the form that Inspect's have: 22 letters and digits of 57 that cannot be mistaken.

    21 of them are a hash of the seed, over 100 bits; the last tells the events of one score apart.

    Examples
    --------
    >>> ids = _ids("run-1")
    >>> len(ids[0]), ids[0][:21] == ids[1][:21], ids[0] == ids[1]
    (22, True, False)
    """
    digest = sha256(_NAMESPACE + seed.encode("utf-8", "backslashreplace")).digest()
    stem = digest[:_STEM].translate(_LETTERS)
    return [stem + last for last in _LAST]


def event_id(seed: str) -> str:
    """Return an id for an event of its own, of the form that Inspect's have.

    Examples
    --------
    >>> len(event_id("edit 1")), event_id("edit 1") == event_id("edit 2")
    (22, False)
    """
    return _ids(seed)[0].decode()


_LAST = [_ALPHABET[i : i + 1] for i in range(7)]


def scorer_spans(members: Mapping[str, bytes], scores: Sequence[NewScore], parent: str, moment: Moment) -> bytes:
    """Return the events of the scores, with commas between: for each a span below `parent` with the score in it."""
    seeds = [_ids(score.score_id) for score in scores]
    return _spans(members, scores, seeds, dumps(parent), moment)


def scorers_span(
    members: Mapping[str, bytes], scores: Sequence[NewScore], moment: Moment, parent: str | None = None
) -> bytes:
    """Return a span "scorers" with the `scorer_spans` of the scores (at least one) in it."""
    seeds = [_ids(score.score_id) for score in scores]
    first = seeds[0]
    span = first[5]
    common = b'","span_id":"%s","timestamp":%s,"working_start":%s,"event":"' % (span, *moment)
    above = b"" if parent is None else b'"parent_id":%s,' % dumps(parent)
    return (
        b'{"uuid":"%s%sspan_begin","id":"%s",%s"type":"scorers","name":"scorers"},%s,{"uuid":"%s%sspan_end","id":"%s"}'
        % (
            first[4],
            common,
            span,
            above,
            _spans(members, scores, seeds, b'"%s"' % span, moment),
            first[6],
            common,
            span,
        )
    )


def _spans(
    members: Mapping[str, bytes],
    scores: Sequence[NewScore],
    seeds: Sequence[list[bytes]],
    parent: bytes,
    moment: Moment,
) -> bytes:
    # An event of rescoring has the target as a list, and the usage of the sample only if there is any: as in Inspect.
    target = members.get("target", b'""')
    if target[:1] != b"[":
        target = b"[%s]" % target
    usage = b""
    for key in ("model_usage", "role_usage"):
        text = members.get(key, b"{}")
        usage += b"" if text in (b"{}", b"null") else b',"%s":%s' % (key.encode(), text)
    events = []
    for score, ids in zip(scores, seeds, strict=True):
        name, span = _printed(score.name), ids[1]
        options = dumps(dict(score.options)) if score.options else b"{}"
        common = b'","span_id":"%s","timestamp":%s,"working_start":%s,"event":"' % (span, *moment)
        events.append(
            b'{"uuid":"%s%sspan_begin","id":"%s","parent_id":%s,"type":"scorer","name":%s},'
            b'{"uuid":"%s%sscore","score":%s,"target":%s,"intermediate":false,"scorer":%s,"scorer_args":%s%s},'
            b'{"uuid":"%s%sspan_end","id":"%s"}'
            % (
                *(ids[0], common, span, parent, name),
                *(ids[2], common, score.text, target, name, options, usage),
                *(ids[3], common, span),
            )
        )
    return b",".join(events)


@lru_cache(256)
def _printed(name: str) -> bytes:
    return dumps(name)
