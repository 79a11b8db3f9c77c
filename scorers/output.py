"""What the model answered: the output that ended a sample."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from .messages import ChatMessageAssistant, ContentPart, Tolerant

__all__ = ["ChatCompletionChoice", "ModelOutput", "ModelUsage"]


class ModelUsage(Tolerant):
    """Tokens that a model call used."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_cache_write: int | None = None
    input_tokens_cache_read: int | None = None
    reasoning_tokens: int | None = None


class ChatCompletionChoice(Tolerant):
    """One of the answers that a model call returned.

    ``logprobs`` and ``prompt_logprobs`` are kept as they are in the log: dicts and lists.
    """

    message: ChatMessageAssistant
    stop_reason: str = "unknown"
    logprobs: Any = None
    prompt_logprobs: Any = None


class ModelOutput(Tolerant):
    """The model's final output.

    A stored ``completion`` wins if it is not empty; else it is the text of the first choice's message, or "".

    Examples
    --------
    >>> ModelOutput.from_content("mockllm/model", "42").completion
    '42'
    >>> ModelOutput().completion, ModelOutput().empty
    ('', True)
    """

    model: str = ""
    choices: list[ChatCompletionChoice] = Field(default_factory=list)
    completion: str = ""
    usage: ModelUsage | None = None
    time: float | None = None
    metadata: dict[str, Any] | None = None
    error: str | None = None

    def model_post_init(self, _context: Any, /) -> None:
        """Derive the completion where none is stored."""
        if not self.completion and self.choices:
            self.completion = self.choices[0].message.text

    @property
    def empty(self) -> bool:
        """Tell whether the model returned no choice at all."""
        return not self.choices

    @property
    def stop_reason(self) -> str:
        """Why the first choice ended; IndexError if there is none."""
        return self.choices[0].stop_reason

    @property
    def message(self) -> ChatMessageAssistant:
        """The first choice's message; IndexError if there is none."""
        return self.choices[0].message

    @staticmethod
    def from_content(
        model: str, content: str | list[ContentPart], stop_reason: str = "stop", error: str | None = None
    ) -> ModelOutput:
        """Make an output of one choice from a text, or from content parts."""
        message = ChatMessageAssistant(content=content, model=model, source="generate")
        return ModelOutput.from_message(message, stop_reason, error)

    @staticmethod
    def from_message(message: ChatMessageAssistant, stop_reason: str = "stop", error: str | None = None) -> ModelOutput:
        """Make an output of one choice from a message."""
        choice = ChatCompletionChoice(message=message, stop_reason=stop_reason)
        return ModelOutput(model=message.model or "", choices=[choice], error=error)
