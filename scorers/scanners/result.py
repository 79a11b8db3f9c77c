"""What a scanner says of a transcript."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

__all__ = ["Reference", "Result"]


class Reference(BaseModel):
    """A message or event of the transcript that a result speaks of.

    A score keeps its references under ``metadata["scanner_references"]``, where Inspect's viewer looks for them.

    Parameters
    ----------
    type
        "message" or "event".
    cite
        How the explanation calls it ("[M22]").
    id
        The message's id, or the event's uuid.
    """

    type: Literal["message", "event"]
    cite: str | None = None
    id: str


class Result(BaseModel):
    """A scanner's result.

    Parameters
    ----------
    value
        Any JSON value; None if the scanner has found nothing to say.
    answer, explanation, metadata
        As those of a score.
    references
        Messages and events that it speaks of.
    label
        Which result this is, where a scanner returns a list of them.

    Examples
    --------
    >>> Result(value=True, explanation="It gives up in [M3].", references=[Reference(type="message", id="x3")]).value
    True
    """

    model_config = ConfigDict(ser_json_inf_nan="constants")

    uuid: str | None = None
    value: JsonValue
    answer: str | None = None
    explanation: str | None = None
    metadata: dict[str, Any] | None = None
    references: list[Reference] = Field(default_factory=list)
    label: str | None = None
    type: str | None = None
