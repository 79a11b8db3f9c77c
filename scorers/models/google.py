"""Google's generateContent API: https://ai.google.dev/api/generate-content ."""

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
from .answers import as_data_uri, choice_of, count, first, output_of
from .config import GenerateConfig
from .services import Endpoint

__all__ = ["body_of", "headers_of", "read"]

_STOP_REASONS = {"STOP": "stop", "MAX_TOKENS": "max_tokens"} | dict.fromkeys(
    ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"), "content_filter"
)

_NAMES = {
    "max_tokens": "maxOutputTokens", "temperature": "temperature", "top_p": "topP", "top_k": "topK",
    "stop_seqs": "stopSequences", "seed": "seed", "num_choices": "candidateCount",
    "frequency_penalty": "frequencyPenalty", "presence_penalty": "presencePenalty", "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}  # fmt: skip


def headers_of(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that carry the key; in the URL it would be in everybody's logs."""
    return {"x-goog-api-key": endpoint.key.get_secret_value()} if endpoint.key else {}


def body_of(_endpoint: Endpoint, messages: Sequence[ChatMessage], config: GenerateConfig) -> dict[str, Any]:
    """Return the body of a request; the model's name is in the URL.

    Raises
    ------
    ValueError
        A message has a part that the API has no form for.
    """
    contents: list[dict[str, Any]] = []
    for message in messages:
        if isinstance(message, ChatMessageSystem):
            continue
        role = "model" if isinstance(message, ChatMessageAssistant) else "user"
        parts = [_part(part) for part in message.content_list if not isinstance(part, ContentReasoning)]
        if isinstance(message, ChatMessageTool):
            result = {"name": message.function or "", "response": {"content": message.text}}
            parts = [{"functionResponse": result}]
        if isinstance(message, ChatMessageAssistant):
            parts.extend({"functionCall": {"name": c.function, "args": c.arguments}} for c in message.tool_calls or ())
        contents.append({"role": role, "parts": parts})
    body: dict[str, Any] = {"contents": contents}
    system = "\n\n".join(message.text for message in messages if isinstance(message, ChatMessageSystem))
    if system:
        body["systemInstruction"] = {"parts": [{"text": system}]}
    given = config.given()
    generation: dict[str, Any] = {theirs: given[name] for name, theirs in _NAMES.items() if name in given}
    if config.reasoning_tokens is not None:
        generation["thinkingConfig"] = {"thinkingBudget": config.reasoning_tokens}
    if generation:
        body["generationConfig"] = generation
    return body | (config.extra_body or {})


def _part(part: ContentPart) -> dict[str, Any]:
    if isinstance(part, ContentText):
        return {"text": part.text}
    if isinstance(part, ContentImage):
        data = as_data_uri(part.image)
        if data is not None:
            return {"inlineData": {"mimeType": data[0], "data": data[1]}}
        if part.image.startswith(("https://", "http://")):
            return {"fileData": {"fileUri": part.image}}
    raise ValueError(f"it takes no {part.type} as the sample has it: only text, and images as data or by URL")


def read(endpoint: Endpoint, answer: Any) -> ModelOutput:
    """Read an answer; UnreadableError if it is of another shape."""
    choices = []
    for candidate in first(answer, "candidates", list):
        parts = first(first(candidate, "content", dict), "parts", list)
        texts = ["", ""]
        for part in parts:
            texts[bool(part.get("thought")) if isinstance(part, dict) else 0] += first(part, "text", str)
        reason = _STOP_REASONS.get(first(candidate, "finishReason", str), "unknown")
        choices.append(choice_of(endpoint.name, texts[0], texts[1], reason))
    blocked = first(first(answer, "promptFeedback", dict), "blockReason", str)
    if not choices and blocked:
        choices.append(choice_of(endpoint.name, "", stop_reason="content_filter"))
    return output_of(endpoint.name, choices, _usage(first(answer, "usageMetadata", dict)))


def _usage(usage: dict[str, Any]) -> ModelUsage | None:
    if not usage:
        return None
    asked, read_from_cache = count(usage, "promptTokenCount"), count(usage, "cachedContentTokenCount")
    thought = count(usage, "thoughtsTokenCount")
    answered = count(usage, "candidatesTokenCount") + thought
    return ModelUsage(
        input_tokens=max(0, asked - read_from_cache),
        output_tokens=answered,
        total_tokens=count(usage, "totalTokenCount") or asked + answered,
        input_tokens_cache_read=read_from_cache or None,
        reasoning_tokens=thought or None,
    )
