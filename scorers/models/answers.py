"""What the clients of all APIs share: from the parts of an answer to a `ModelOutput`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..messages import ChatMessageAssistant, ContentPart, ContentReasoning, ContentText
from ..output import ChatCompletionChoice, ModelOutput, ModelUsage

__all__ = ["UnreadableError", "as_data_uri", "choice_of", "count", "first", "output_of"]


class UnreadableError(ValueError):
    """An answer is JSON, but not of the shape that its API promises; the message says what is missing."""


def choice_of(model: str, text: str, reasoning: str = "", stop_reason: str = "unknown") -> ChatCompletionChoice:
    """Make a choice of an answer's text, and of the reasoning that came before it."""
    content: str | list[ContentPart] = text
    if reasoning:
        content = [ContentReasoning(reasoning=reasoning), ContentText(text=text)]
    message = ChatMessageAssistant(content=content, model=model, source="generate")
    return ChatCompletionChoice(message=message, stop_reason=stop_reason)


def output_of(model: str, choices: Sequence[ChatCompletionChoice], usage: ModelUsage | None) -> ModelOutput:
    """Make an output; UnreadableError if there is no choice."""
    if not choices:
        raise UnreadableError("the answer holds no choices")
    return ModelOutput(model=model, choices=list(choices), usage=usage)


def count(usage: object, *path: str) -> int:
    """Return a number of tokens from an answer's account of them; 0 if it is not there.

    Examples
    --------
    >>> count({"details": {"cached": 3}}, "details", "cached"), count(None, "details")
    (3, 0)
    """
    for key in path:
        usage = usage.get(key) if isinstance(usage, dict) else None
    return usage if isinstance(usage, int) and usage > 0 else 0


def first(answer: Any, key: str, kind: type) -> Any:
    """Return a member of an answer, an empty one of that kind if it is missing or of another kind."""
    value = answer.get(key) if isinstance(answer, dict) else None
    return value if isinstance(value, kind) else kind()


def as_data_uri(uri: str) -> tuple[str, str] | None:
    """Cut a base64 data URI into its media type and its data; None if it is something else.

    Examples
    --------
    >>> as_data_uri("data:image/png;base64,iVBO")
    ('image/png', 'iVBO')
    """
    head, comma, data = uri.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None
    return head.removeprefix("data:").removesuffix(";base64"), data
