"""Anthropic's messages API: https://docs.anthropic.com/en/api/messages ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..messages import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ContentImage,
    ContentPart,
    ContentReasoning,
    ContentText,
)
from ..output import ModelOutput, ModelUsage
from .answers import UnreadableError, as_data_uri, choice_of, count, first, output_of
from .config import GenerateConfig
from .services import Endpoint

__all__ = ["body_of", "headers_of", "read"]

VERSION = "2023-06-01"

MAX_TOKENS = 4096
"""The API wants a number; this leaves room for a judge's reasoning."""

_STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "model_length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def headers_of(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that carry the key and the API's version."""
    key = {"x-api-key": endpoint.key.get_secret_value()} if endpoint.key else {}
    return {"anthropic-version": VERSION, **key}


def body_of(endpoint: Endpoint, messages: Sequence[ChatMessage], config: GenerateConfig) -> dict[str, Any]:
    """Return the body of a request.

    Raises
    ------
    ValueError
        A message has a part that the API has no form for.
    """
    body: dict[str, Any] = {
        "model": endpoint.model,
        "max_tokens": config.max_tokens or MAX_TOKENS + (config.reasoning_tokens or 0),
        "messages": _turns(messages),
    }
    system = "\n\n".join(message.text for message in messages if isinstance(message, ChatMessageSystem))
    if system:
        body["system"] = system
    for name, theirs in (("temperature",) * 2, ("top_p",) * 2, ("top_k",) * 2, ("stop_seqs", "stop_sequences")):
        value = getattr(config, name)
        if value is not None:
            body[theirs] = value
    if config.reasoning_tokens:
        body["thinking"] = {"type": "enabled", "budget_tokens": config.reasoning_tokens}
    return body | (config.extra_body or {})


def _turns(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return the conversation, in which user and assistant take turns as the API wants it."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ChatMessageSystem):
            continue
        role = "assistant" if isinstance(message, ChatMessageAssistant) else "user"
        parts = [_part(part) for part in message.content_list if not isinstance(part, ContentReasoning)]
        if isinstance(message, ChatMessageTool):
            parts = [{"type": "tool_result", "tool_use_id": message.tool_call_id or "", "content": parts}]
        if isinstance(message, ChatMessageAssistant):
            parts.extend(
                {"type": "tool_use", "id": call.id, "name": call.function, "input": call.arguments}
                for call in message.tool_calls or ()
            )
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"].extend(parts)
        else:
            turns.append({"role": role, "content": parts})
    return turns


def _part(part: ContentPart) -> dict[str, Any]:
    if isinstance(part, ContentText):
        return {"type": "text", "text": part.text}
    if isinstance(part, ContentImage):
        data = as_data_uri(part.image)
        if data is not None:
            return {"type": "image", "source": {"type": "base64", "media_type": data[0], "data": data[1]}}
        if part.image.startswith(("https://", "http://")):
            return {"type": "image", "source": {"type": "url", "url": part.image}}
    raise ValueError(f"it takes no {part.type} as the sample has it: only text, and images as data or by URL")


def read(endpoint: Endpoint, answer: Any) -> ModelOutput:
    """Read an answer; UnreadableError if it is of another shape."""
    blocks = first(answer, "content", list)
    reason = _STOP_REASONS.get(str(answer.get("stop_reason")), "unknown") if isinstance(answer, dict) else "unknown"
    if not blocks and reason != "content_filter":
        raise UnreadableError("the answer holds no content")
    texts = [str(first(block, "text", str)) for block in blocks if first(block, "type", str) == "text"]
    thoughts = [str(first(block, "thinking", str)) for block in blocks if first(block, "type", str) == "thinking"]
    choice = choice_of(endpoint.name, "\n".join(texts), "\n".join(thoughts), reason)
    return output_of(endpoint.name, [choice], _usage(first(answer, "usage", dict)))


def _usage(usage: dict[str, Any]) -> ModelUsage | None:
    if not usage:
        return None
    asked, answered = count(usage, "input_tokens"), count(usage, "output_tokens")
    written, read_from_cache = count(usage, "cache_creation_input_tokens"), count(usage, "cache_read_input_tokens")
    return ModelUsage(
        input_tokens=asked,
        output_tokens=answered,
        total_tokens=asked + written + read_from_cache + answered,
        input_tokens_cache_write=written or None,
        input_tokens_cache_read=read_from_cache or None,
    )
