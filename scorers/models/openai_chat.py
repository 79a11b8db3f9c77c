"""The chat completions API, which OpenAI began and most services speak.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import ModelCallError
from ..jsontext import dumps
from ..messages import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ContentImage,
    ContentPart,
    ContentReasoning,
    ContentText,
)
from ..output import ModelOutput, ModelUsage
from .answers import UnreadableError, choice_of, count, first, output_of
from .config import GenerateConfig
from .services import Endpoint

__all__ = ["body_of", "headers_of", "read"]

_STOP_REASONS = {
    "stop": "stop",
    "length": "max_tokens",
    "content_filter": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}

_NAMES = {"stop_seqs": "stop", "num_choices": "n"}
_AS_IT_IS = (
    "max_tokens", "temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty", "logprobs",
    "top_logprobs", "reasoning_effort",
)  # fmt: skip

_REASONING_MODELS = ("o1", "o3", "o4", "gpt-5")
"""OpenAI's own models that take ``max_completion_tokens`` in place of ``max_tokens``."""


def headers_of(endpoint: Endpoint) -> dict[str, str]:
    """Return the headers that carry the key."""
    return {"authorization": f"Bearer {endpoint.key.get_secret_value()}"} if endpoint.key else {}


def body_of(endpoint: Endpoint, messages: Sequence[ChatMessage], config: GenerateConfig) -> dict[str, Any]:
    """Return the body of a request.

    Raises
    ------
    ValueError
        A message has a part that the API has no form for.
    """
    given = config.given()
    body: dict[str, Any] = {"model": endpoint.model, "messages": [_message(message) for message in messages]}
    for name in (*_AS_IT_IS, *_NAMES):
        if name in given:
            body[_NAMES.get(name, name)] = given[name]
    if endpoint.service.name == "openai" and endpoint.model.startswith(_REASONING_MODELS) and "max_tokens" in body:
        body["max_completion_tokens"] = body.pop("max_tokens")
    if endpoint.service.name == "mistral" and "seed" in body:
        body["random_seed"] = body.pop("seed")
    return body | (config.extra_body or {})


def _message(message: ChatMessage) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role}
    parts = [part for part in message.content_list if not isinstance(part, ContentReasoning)]
    if all(isinstance(part, ContentText) for part in parts):
        made["content"] = message.text
    else:
        made["content"] = [_part(part) for part in parts]
    if isinstance(message, ChatMessageTool):
        made["tool_call_id"] = message.tool_call_id or ""
    if isinstance(message, ChatMessageAssistant) and message.tool_calls:
        made["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function, "arguments": dumps(call.arguments).decode()},
            }
            for call in message.tool_calls
        ]
    return made


def _part(part: ContentPart) -> dict[str, Any]:
    if isinstance(part, ContentText):
        return {"type": "text", "text": part.text}
    if isinstance(part, ContentImage) and part.image.startswith(("data:", "https://", "http://")):
        return {"type": "image_url", "image_url": {"url": part.image}}
    raise ValueError(f"it takes no {part.type} as the sample has it: only text, and images as data or by URL")


def read(endpoint: Endpoint, answer: Any) -> ModelOutput:
    """Read an answer.

    Raises
    ------
    UnreadableError
        It has no choices, or is of another shape.
    ModelCallError
        It is an error that came with a status of success, as proxies of several services send it.
    """
    error = answer.get("error") if isinstance(answer, dict) else None
    if error and not first(answer, "choices", list):
        code = error.get("code") if isinstance(error, dict) else None
        said = error.get("message") if isinstance(error, dict) else error
        busy = isinstance(code, int) and (code in {408, 409, 429} or code >= 500)
        raise ModelCallError(
            endpoint.name, f"its service answered with an error: {str(said)[:300]}", transient=busy,
            status=code if isinstance(code, int) else None,
        )  # fmt: skip
    choices = []
    for choice in first(answer, "choices", list):
        message = first(choice, "message", dict)
        if not message:
            raise UnreadableError("a choice of the answer holds no message")
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        text = _text(message.get("content")) or _text(message.get("refusal"))
        reason = "content_filter" if message.get("refusal") else _STOP_REASONS.get(str(choice.get("finish_reason")))
        made = choice_of(endpoint.name, text, reasoning if isinstance(reasoning, str) else "", reason or "unknown")
        made.logprobs = choice.get("logprobs")
        choices.append(made)
    return output_of(endpoint.name, choices, _usage(first(answer, "usage", dict)))


def _text(content: object) -> str:
    if isinstance(content, list):  # some services answer with parts
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _usage(usage: dict[str, Any]) -> ModelUsage | None:
    if not usage:
        return None
    read_from_cache = count(usage, "prompt_tokens_details", "cached_tokens")
    asked, answered = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    return ModelUsage(
        # As Inspect counts: what came from the service's own cache is not among the input tokens.
        input_tokens=max(0, asked - read_from_cache),
        output_tokens=answered,
        total_tokens=count(usage, "total_tokens") or asked + answered,
        input_tokens_cache_read=read_from_cache or None,
        reasoning_tokens=count(usage, "completion_tokens_details", "reasoning_tokens") or None,
    )
