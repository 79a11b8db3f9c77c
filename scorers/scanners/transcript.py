"""What a scanner reads: a sample's messages and events, and where they are from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..messages import ChatMessage, Tolerant
from ..output import ModelOutput
from ..sample import SampleError
from ..state import TaskState
from ..target import Target
from .stored_events import stored_events

__all__ = ["EventFilter", "MessageFilter", "ModelEvent", "Transcript", "TranscriptEvent", "transcript_of"]

MessageFilter = Literal["all"] | Sequence[str] | None
"""Roles of the messages that a scanner reads; None for no messages."""

EventFilter = Literal["all"] | Sequence[str] | None
"""Types of the events that a scanner reads; None for no events."""


class TranscriptEvent(Tolerant):
    """An event of a sample: its type, and whatever else the log says of it, as attributes.

    Members of members are plain data, so a tool's arguments are ``event.arguments["path"]``.

    Examples
    --------
    >>> TranscriptEvent(event="tool", function="bash").function
    'bash'
    """

    event: str
    uuid: str | None = None
    span_id: str | None = None
    timestamp: str | None = None


class ModelEvent(TranscriptEvent):
    """A call of a model: what it was given, and what it answered."""

    event: Literal["model"] = "model"
    model: str = ""
    input: list[ChatMessage] = Field(default_factory=list)
    output: ModelOutput = Field(default_factory=ModelOutput)


class Transcript(BaseModel):
    """A sample's transcript, as far as the scanner asked for it.

    Parameters
    ----------
    transcript_id
        The sample's uuid.
    source_type
        Always "eval_log".
    metadata
        ``id``, ``epoch``, ``sample_metadata``, ``target`` (a text, or a list of several) and ``scores`` of the sample.
    messages, events
        Those that the scanner asked for, in order.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    transcript_id: str
    source_type: str = "eval_log"
    metadata: dict[str, Any] = Field(default_factory=dict)
    messages: list[ChatMessage] = Field(default_factory=list)
    events: list[TranscriptEvent] = Field(default_factory=list)


def transcript_of(state: TaskState, target: Target, messages: MessageFilter, events: EventFilter) -> Transcript:
    """Make the transcript of a sample.

    Raises
    ------
    SampleError
        The sample's events are not what a log holds.
    """
    return Transcript.model_construct(
        transcript_id=state.uuid,
        source_type="eval_log",
        metadata=sample_facts(state, target),
        messages=[] if messages is None else [m for m in state.messages if messages == "all" or m.role in messages],
        events=[] if events is None else list(_events(state, events)),
    )


def sample_facts(state: TaskState, target: Target) -> dict[str, Any]:
    """Return what a transcript's metadata say of its sample."""
    return {
        "id": state.sample_id,
        "epoch": state.epoch,
        "sample_metadata": state.metadata,
        "target": target.target if len(target) > 1 else target.text,
        "scores": state.scores,
    }


def _events(state: TaskState, wanted: Literal["all"] | Sequence[str]) -> Iterable[TranscriptEvent]:
    label = f"Sample {state.sample_id!r}, epoch {state.epoch}"
    for index, stored in enumerate(stored_events(state)):
        kind = stored.get("event")
        if wanted == "all" or kind in wanted:
            yield _event(stored, f"events.{index}", label)


def _event(stored: Mapping[str, Any], where: str, label: str) -> TranscriptEvent:
    kind = ModelEvent if stored.get("event") == "model" else TranscriptEvent
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([where, *(str(part) for part in first["loc"])])
        raise SampleError(path, f"is not valid: {first['msg'][:1].lower()}{first['msg'][1:]}", label) from error
