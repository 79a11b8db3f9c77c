"""Chat messages and their parts, as samples hold them and scorers read them.

The models know the fields that scorers use and keep every other one (``extra="allow"``), so that a log of a newer
Inspect, or of a producer with fields of its own, is readable and prints back whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "ChatMessage",
    "ChatMessageAssistant",
    "ChatMessageSystem",
    "ChatMessageTool",
    "ChatMessageUser",
    "Content",
    "ContentImage",
    "ContentPart",
    "ContentReasoning",
    "ContentText",
    "ToolCall",
    "ToolCallError",
    "last_user",
]

MetadataModel = TypeVar("MetadataModel", bound=BaseModel)


class Tolerant(BaseModel):
    """A model that keeps the fields it does not know."""

    # Validators are built at first use: a scorer that reads the completion only never pays for those of messages.
    model_config = ConfigDict(extra="allow", defer_build=True, ser_json_inf_nan="constants", protected_namespaces=())


class Content(Tolerant):
    """A part of a message: image, audio, document, or any other that has no class of its own here."""

    type: str


class ContentText(Content):
    """A text part."""

    type: Literal["text"] = "text"
    text: str


class ContentReasoning(Content):
    """A reasoning part; it takes no part in a message's text."""

    type: Literal["reasoning"] = "reasoning"
    reasoning: str


class ContentImage(Content):
    """An image part: a URL or a data URI."""

    type: Literal["image"] = "image"
    image: str


ContentPart = Annotated[
    ContentText | ContentReasoning | ContentImage | Content,
    Field(union_mode="left_to_right"),
]


class ToolCall(Tolerant):
    """A call of a tool that the model asked for."""

    id: str
    function: str
    arguments: dict[str, Any]
    parse_error: str | None = None
    type: str | None = "function"


class ToolCallError(Tolerant):
    """How a tool call failed."""

    type: str
    message: str


class _Message(Tolerant):
    id: str | None = None
    content: str | list[ContentPart]
    source: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The content, or its text parts joined by line ends (reasoning and media left out)."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if isinstance(part, ContentText))

    @text.setter
    def text(self, text: str) -> None:
        if isinstance(self.content, str):
            self.content = text
            return
        # The new text takes the place of the first text part, or goes last; other text parts go, media stay.
        place = next((i for i, part in enumerate(self.content) if isinstance(part, ContentText)), len(self.content))
        before, after = self.content[:place], self.content[place + 1 :]
        self.content = [*before, ContentText(text=text), *(part for part in after if not isinstance(part, ContentText))]

    @property
    def content_list(self) -> list[ContentPart]:
        """The content as parts; a plain text is one part."""
        return [ContentText(text=self.content)] if isinstance(self.content, str) else self.content

    def metadata_as(self, metadata_cls: type[MetadataModel]) -> MetadataModel:
        """Read the message's metadata as a pydantic model; ValueError if the message has none."""
        if self.metadata is None:
            raise ValueError("This message has no metadata")
        return metadata_cls.model_validate(self.metadata)


class ChatMessageSystem(_Message):
    """What the system was told."""

    role: Literal["system"] = "system"


class ChatMessageUser(_Message):
    """What the user said.

    Examples
    --------
    >>> ChatMessageUser(content=[ContentText(text="Look:"), ContentImage(image="data:...")]).text
    'Look:'
    """

    role: Literal["user"] = "user"
    tool_call_id: list[str] | None = None


class ChatMessageAssistant(_Message):
    """What the model said, and the tools it called."""

    role: Literal["assistant"] = "assistant"
    tool_calls: list[ToolCall] | None = None
    model: str | None = None


class ChatMessageTool(_Message):
    """What a tool answered."""

    role: Literal["tool"] = "tool"
    tool_call_id: str | None = None
    function: str | None = None
    error: ToolCallError | None = None


ChatMessage = Annotated[
    ChatMessageSystem | ChatMessageUser | ChatMessageAssistant | ChatMessageTool,
    Field(discriminator="role"),
]


def last_user(messages: Sequence[ChatMessage]) -> ChatMessageUser | None:
    """Find the last message of the user, None if there is none."""
    return next((m for m in reversed(messages) if isinstance(m, ChatMessageUser)), None)
