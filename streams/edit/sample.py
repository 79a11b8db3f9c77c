"""A sample with one of its scores edited; texts are spliced, so that all else stays letter for letter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from pydantic import ValidationError

from evalstream.scorers.jsontext import JsonTextError, dumps, join_array, join_object, loads, split_array, split_object
from evalstream.scorers.problems import first_problem
from evalstream.scorers.score import Score, ScoreEdit

from ..logs.event_splice import end_of_scoring
from ..logs.model_text import text_of
from ..logs.score_events import event_id
from .score import edited_score

__all__ = ["with_edit"]


def with_edit(members: Mapping[str, bytes], name: str, edit: ScoreEdit) -> dict[str, bytes]:
    """Return the sample with a score edited, or a new one added, and an event that tells of it.

    Parameters
    ----------
    members
        The sample, cut into members.
    name
        Key in the sample's ``scores``.
    edit
        What changes; the event has the time of its provenance.

    Raises
    ------
    UsageError
        A new score without a value.
    JsonTextError
        ``scores`` or ``events`` of the sample are not what they must be.

    Examples
    --------
    >>> sample = {"id": b"1", "epoch": b"1", "scores": b'{"match":{"value":"I"}}', "events": b"[]"}
    >>> made = with_edit(sample, "match", ScoreEdit(value="C"))
    >>> split_object(split_object(made["scores"])["match"])["value"]
    b'"C"'
    >>> loads(made["events"])[0]["score_name"]
    'match'
    """
    scores = _object(members.get("scores"))
    old = scores.get(name)
    score = None if old is None else _score(old)
    edited = edited_score(score, edit, name)
    text = text_of(edited)
    # Fields of a newer Inspect's scores stay.
    more = {} if old is None else {k: v for k, v in split_object(old).items() if k not in Score.model_fields}
    scores[name] = join_object({**split_object(text), **more})
    made = dict(members)
    made["scores"] = join_object(scores)
    made["events"] = _with_event(members, name, edit, len(edited.history))
    return made


def _with_event(members: Mapping[str, bytes], name: str, edit: ScoreEdit, step: int) -> bytes:
    events = _array(members.get("events"))
    place, span = end_of_scoring(events)
    moment = edit.provenance.timestamp if edit.provenance is not None else datetime.now(timezone.utc)
    text = text_of(edit)
    identity = [members.get("id", b"").decode(errors="replace"), members.get("epoch", b"").decode(), name, step]
    event: dict[str, Any] = {"uuid": event_id(dumps([*identity, text.decode(errors="replace")]).decode())}
    if span is not None:
        event["span_id"] = span
    event["timestamp"] = moment.isoformat()
    event["working_start"] = _working_start(events)
    event["event"], event["score_name"] = "score_edit", name
    events.insert(place, dumps(event)[:-1] + b',"edit":' + text + b"}")
    return join_array(events)


def _working_start(events: list[bytes]) -> float:
    """Return the sample's working time: an edit adds nothing to it."""
    last = loads(events[-1]) if events else None
    given = last.get("working_start") if isinstance(last, dict) else None
    return given if isinstance(given, (int, float)) else 0.0


def _score(text: bytes) -> Score:
    try:
        return Score.model_validate(loads(text))
    except ValidationError as error:
        raise JsonTextError(f"the score's {first_problem(error)}") from error


def _object(text: bytes | None) -> dict[str, bytes]:
    return {} if text is None or text.strip() == b"null" else split_object(text)


def _array(text: bytes | None) -> list[bytes]:
    return [] if text is None or text.strip() == b"null" else split_array(text)
