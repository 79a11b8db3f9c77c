"""Splice the events of a scoring into a sample's events, as Inspect places them.

A *scorers span* is a span of the type and name "scorers". Appending puts the new events at the end of the last one,
overwriting puts a new one in its place, and where there is none a new one goes to the end.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from evalstream.scorers.jsontext import dumps, join_array, loads, split_array
from evalstream.streams.logs.score_events import Moment, NewScore, children, scorers_span

__all__ = ["splice_events"]


class _Event(msgspec.Struct):
    event: str = ""
    id: str | int | None = None
    span_id: str | None = None
    parent_id: str | None = None
    type: str | None = None
    name: str | None = None
    timestamp: msgspec.Raw = msgspec.Raw(b"")
    working_start: msgspec.Raw = msgspec.Raw(b"")


_event = msgspec.json.Decoder(_Event)
_LAST = re.compile(rb"(\{[^{}]*\})\s*\]\s*\Z")
_TAIL = 600


def splice_events(members: Mapping[str, bytes], scores: Sequence[NewScore], overwrite: bool) -> bytes | None:
    """Return the sample's ``events`` with the events of `scores` in them; None if they are to be left alone.

    They are if the sample has none, which is how a producer says that it keeps none, and if nothing in the sample
    tells a time.

    Raises
    ------
    JsonTextError
        ``events`` is not a list.
    """
    text = members.get("events", b"null").strip()
    if text == b"null":
        return None
    if b'"scorers"' in text:
        events = split_array(text)
        begin = _last_scorers_span(events)
        if begin is not None:
            return _into_span(members, events, begin, scores, overwrite)
    moment = _last_moment(members, text)
    if moment is None or not scores:
        return None
    new = scorers_span(members, scores, scores[0].score_id, moment)
    head = text[:-1].rstrip()
    return head + (b"" if head == b"[" else b",") + b",".join(new) + b"]"


def _into_span(
    members: Mapping[str, bytes], events: list[bytes], begin: int, scores: Sequence[NewScore], overwrite: bool
) -> bytes | None:
    span = _decode(events[begin])
    end = next((i for i in range(begin + 1, len(events)) if _ends(events[i], span)), len(events))
    moment = _moment(_decode(events[-1])) or _moment(span) or _sample_moment(members)
    if moment is None:
        return None
    if not overwrite:
        return join_array(events[:end] + children(members, scores, str(span.id), moment) + events[end:])
    foreign = _foreign(events[begin + 1 : end], str(span.id))
    if scores:
        new = scorers_span(members, scores, scores[0].score_id, moment, span.parent_id)
    else:
        new = [events[begin], *events[end : end + 1]]
    return join_array([*events[:begin], *new, *foreign, *events[end + 1 :]])


def _last_scorers_span(events: list[bytes]) -> int | None:
    for i in range(len(events) - 1, -1, -1):
        if b'"scorers"' in events[i] and b'"span_begin"' in events[i]:
            event = _decode(events[i])
            if event.event == "span_begin" and event.type == event.name == "scorers":
                return i
    return None


def _ends(text: bytes, span: _Event) -> bool:
    if b'"span_end"' not in text:
        return False
    event = _decode(text)
    return event.event == "span_end" and event.id == span.id


def _foreign(events: list[bytes], span: str) -> list[bytes]:
    """Return the events that do not belong to the span or one below it: of something that ran at the same time."""
    inside, foreign = {span}, []
    for text in events:
        event = _decode(text)
        if event.event == "span_begin" and event.parent_id in inside:
            inside.add(str(event.id))
        if event.span_id not in inside:
            foreign.append(text)
    return foreign


def _decode(text: bytes) -> _Event:
    try:
        return _event.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    # NaN, or a field of an unusual type.
    whole = loads(text)
    if not isinstance(whole, dict):
        return _Event()
    plain = {key: whole[key] for key in ("event", "id", "span_id", "parent_id", "type", "name") if key in whole}
    event = _Event(**{key: value for key, value in plain.items() if isinstance(value, str)})
    event.timestamp = msgspec.Raw(dumps(whole.get("timestamp")))
    event.working_start = msgspec.Raw(dumps(whole.get("working_start")))
    return event


def _last_moment(members: Mapping[str, bytes], text: bytes) -> Moment | None:
    last = _LAST.search(text[-_TAIL:])
    if last:
        try:
            moment = _moment(_event.decode(last[1]))
        except (msgspec.DecodeError, UnicodeError):
            moment = None  # what looked like an event began inside a string
        if moment:
            return moment
    events = split_array(text)
    return (_moment(_decode(events[-1])) if events else None) or _sample_moment(members)


def _moment(event: _Event) -> Moment | None:
    timestamp, working_start = bytes(event.timestamp), bytes(event.working_start)
    if timestamp[:1] != b'"':
        return None
    return Moment(timestamp, working_start if working_start[:1].isdigit() else b"0.0")


def _sample_moment(members: Mapping[str, bytes]) -> Moment | None:
    for key in ("completed_at", "started_at"):
        timestamp = members.get(key, b"null")
        if timestamp[:1] == b'"':
            return Moment(timestamp, b"0.0")
    return None
