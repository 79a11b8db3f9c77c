"""Splice the events of a scoring into a sample's events, as Inspect places them.

A *scorers span* is a span of the type and name "scorers". Appending puts the new events at the end of the last one,
overwriting puts a new one in its place, and where there is none a new one goes to the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from evalstream.scorers.jsontext import JsonTextError, dumps, join_array, loads, split_array
from evalstream.streams.logs.score_events import Moment, NewScore, scorer_spans, scorers_span

__all__ = ["end_of_scoring", "splice_events"]


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
    at, last = _last_event(text)
    span_at, span = _span_before(text, at, last)
    if span is not None and last is not None:
        return _into_empty_span(members, text, (span_at, span), (at, last), scores, overwrite)
    if b'"scorers"' in text:
        events = split_array(text)
        begin = _last_scorers_span(events)
        if begin is not None:
            return _into_span(members, events, begin, scores, overwrite)
    if last is None and (events := split_array(text)):
        last = _decode(events[-1])
    moment = (_moment(last) if last else None) or _sample_moment(members)
    if moment is None or not scores:
        return None
    head = text[:-1].rstrip()
    return head + (b"" if head == b"[" else b",") + scorers_span(members, scores, moment) + b"]"


def end_of_scoring(events: list[bytes]) -> tuple[int, str | None]:
    """Return where another event of the last scorers span goes, and the span's id; at the end if there is none.

    Examples
    --------
    >>> begin = b'{"event":"span_begin","id":"s","type":"scorers","name":"scorers"}'
    >>> end_of_scoring([begin, b'{"event":"score"}', b'{"event":"span_end","id":"s"}', b'{"event":"info"}'])
    (2, 's')
    >>> end_of_scoring([b'{"event":"info"}'])
    (1, None)
    """
    begin = _last_scorers_span(events)
    if begin is None:
        return len(events), None
    span = _decode(events[begin])
    end = next((i for i in range(begin + 1, len(events)) if _ends(events[i], span)), len(events))
    return end, None if span.id is None else str(span.id)


def _last_event(text: bytes) -> tuple[int, _Event | None]:
    """Return the last event and where it begins, if it is an object without braces in it, as span ends are.

    The text from its last brace on, if it is an object up to the list's bracket, can only be the last element: it
    would end otherwise if it were inside another, or inside a string.
    """
    at = text.rfind(b"{")
    try:
        return at, _event.decode(text[at:-1]) if at > 0 else None
    except (msgspec.DecodeError, UnicodeError):
        return at, None


def _span_before(text: bytes, at: int, last: _Event | None) -> tuple[int, _Event | None]:
    """Return the begin of a scorers span that ends with the last event, at `at`, and has nothing in it.

    All unscored logs end so, which is worth a way without cutting the events.
    """
    if last is None or last.event != "span_end":
        return 0, None
    begin = text.rfind(b"{", 0, at)
    before = text[begin:at].rstrip()
    try:
        span = _event.decode(before[:-1]) if begin > 0 and before.endswith(b",") else None
    except (msgspec.DecodeError, UnicodeError):
        return 0, None
    if span is None or not _is_scorers_span(span) or span.id != last.id:
        return 0, None
    return begin, span


def _into_empty_span(
    members: Mapping[str, bytes],
    text: bytes,
    begin: tuple[int, _Event],
    end: tuple[int, _Event],
    scores: Sequence[NewScore],
    overwrite: bool,
) -> bytes | None:
    moment = _moment(end[1]) or _moment(begin[1]) or _sample_moment(members)
    if moment is None or not scores:
        return None
    if overwrite:
        return text[: begin[0]] + scorers_span(members, scores, moment, begin[1].parent_id) + b"]"
    return text[: end[0]] + scorer_spans(members, scores, str(begin[1].id), moment) + b"," + text[end[0] :]


def _into_span(
    members: Mapping[str, bytes], events: list[bytes], begin: int, scores: Sequence[NewScore], overwrite: bool
) -> bytes | None:
    span = _decode(events[begin])
    end = next((i for i in range(begin + 1, len(events)) if _ends(events[i], span)), len(events))
    moment = _moment(_decode(events[-1])) or _moment(span) or _sample_moment(members)
    if moment is None:
        return None
    if not overwrite:
        new = [scorer_spans(members, scores, str(span.id), moment)] if scores else []
        return join_array(events[:end] + new + events[end:])
    foreign = _foreign(events[begin + 1 : end], str(span.id))
    old = [events[begin], *events[end : end + 1]]
    new = [scorers_span(members, scores, moment, span.parent_id)] if scores else old
    return join_array([*events[:begin], *new, *foreign, *events[end + 1 :]])


def _last_scorers_span(events: list[bytes]) -> int | None:
    for i in range(len(events) - 1, -1, -1):
        if b'"scorers"' in events[i] and _is_scorers_span(_decode(events[i])):
            return i
    return None


def _is_scorers_span(event: _Event) -> bool:
    return event.event == "span_begin" and event.type == event.name == "scorers"


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
    try:
        whole = loads(text)
    except JsonTextError:  # an integer of more digits than Python reads; the event stays as it is
        return _Event()
    if not isinstance(whole, dict):
        return _Event()
    plain = {key: whole[key] for key in ("event", "id", "span_id", "parent_id", "type", "name") if key in whole}
    event = _Event(timestamp=msgspec.Raw(dumps(whole.get("timestamp"))))
    event.working_start = msgspec.Raw(dumps(whole.get("working_start")))
    for key, value in plain.items():
        if isinstance(value, str):
            setattr(event, key, value)
    return event


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
