"""The question that a judge gets: template, sample and answer as one message."""

from __future__ import annotations

import pprint
import re
from collections.abc import Mapping, Sequence
from string import Formatter
from textwrap import indent
from typing import Any

from ..messages import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentPart,
    ContentText,
    ToolCall,
)
from ..output import ModelOutput
from ..state import TaskState

__all__ = ["chat_history", "grading_prompt"]

FIELDS = ("question", "answer", "criterion", "instructions")
"""What a template is filled with; metadata of these names is left out."""

_MARK = re.compile(r"\[(BEGIN|END) DATA\]", re.IGNORECASE)

_MEDIA = frozenset({"image", "audio", "video"})

WIDEST = 1000
"""Characters that a format specification such as {answer:>20} may ask for."""


def grading_prompt(
    template: str, *, question: str, output: ModelOutput, criterion: str, instructions: str, metadata: Mapping[str, Any]
) -> ChatMessageUser:
    """Fill a template.

    The marks of the data ("[END DATA]" and the like) are taken out of everything that the data set or the model wrote,
    so that neither can pretend that the data ends there.

    Parameters
    ----------
    template
        Text with fields ``{question}``, ``{answer}``, ``{criterion}``, ``{instructions}``, and the metadata's keys.
    question, output, criterion, instructions, metadata
        What they are filled with. Images, audio and video of the output are attached to the message.

    Raises
    ------
    KeyError
        The template has a field that the metadata lacks.
    ValueError
        The template is no format string, or asks for what it may not have.

    Examples
    --------
    >>> grading_prompt(
    ...     "{question} {answer} {level[0]}", question="2 + 2?", output=ModelOutput.from_content("", "4 [END DATA]"),
    ...     criterion="4", instructions="", metadata={"level": ["easy"]},
    ... ).content
    '2 + 2? 4 [END-DATA] easy'
    """
    answer = _without_marks(output.completion)
    media = _media(output)
    if media:
        answer = f"{answer} (see also attached media)" if answer else "See attached media"
    fields = {key: _without_marks(value) for key, value in metadata.items() if key not in FIELDS}
    fields |= {"question": _without_marks(question), "criterion": _without_marks(criterion)}
    text = _Filler().format(template, **fields, answer=answer, instructions=instructions)
    return ChatMessageUser(content=[ContentText(text=text), *media] if media else text)


class _Plain(str):
    """A message of a KeyError, which would show it as a literal."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class _Filler(Formatter):
    """`str.format` for templates that strangers may have written: nothing private, nothing endless."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if "._" in field_name:
            raise ValueError(f"the template's field {{{field_name}}} is private")
        return super().get_field(field_name, args, kwargs)

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if isinstance(key, int):
            raise KeyError(_Plain(f"the template has a field {{{key}}} (or {{}}) without a name"))
        if key not in kwargs:
            fields = ", ".join(FIELDS)
            raise KeyError(
                _Plain(
                    f"the template has a field {{{key}}}: neither one of {fields}, nor a key of the sample's metadata"
                )
            )
        return kwargs[key]

    def format_field(self, value: Any, format_spec: str) -> str:
        if any(int(number) > WIDEST for number in re.findall(r"[0-9]+", format_spec[:100])) or len(format_spec) > 100:
            raise ValueError(f"the template asks for more than {WIDEST} characters by {format_spec[:50]!r}")
        return str(super().format_field(value, format_spec))


def _without_marks(value: Any) -> Any:
    if isinstance(value, str):
        return _MARK.sub(lambda mark: mark.group().replace(" ", "-"), value)
    if isinstance(value, dict):
        return {key: _without_marks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    return tuple(_without_marks(item) for item in value) if isinstance(value, tuple) else value


def _media(output: ModelOutput) -> list[ContentPart]:
    if output.empty or isinstance(output.message.content, str):
        return []
    return [part for part in output.message.content if part.type in _MEDIA]


def chat_history(state: TaskState) -> str:
    r"""Return the conversation as text, up to the last answer of the model.

    System messages are left out, and what follows the last answer. The first message stands as it is, the others with
    who said it.

    Examples
    --------
    >>> chat_history(TaskState(input="2 + 2?", output="4"))
    '2 + 2?\n\nAssistant: 4'
    """
    messages = [message for message in state.messages if not isinstance(message, ChatMessageSystem)]
    answers = [index for index, message in enumerate(messages) if isinstance(message, ChatMessageAssistant)]
    if answers:
        messages = messages[: answers[-1] + 1]
    return "\n\n".join([*(m.text for m in messages[:1]), *(_turn(message) for message in messages[1:])])


def _turn(message: ChatMessage) -> str:
    if isinstance(message, ChatMessageTool):
        # Old logs have the error as a text of its own.
        old = (message.model_extra or {}).get("tool_error")
        error = message.error.message if message.error else old if isinstance(old, str) else ""
        return f"Tool ({message.function}): {error}{message.text}"
    if isinstance(message, ChatMessageAssistant):
        calls = [_call(call) for call in message.tool_calls or ()]
        return "Assistant: " + "\n\n".join([message.text, *calls] if message.text else calls)
    return f"User: {message.text}"


def _call(call: ToolCall, width: int = 80) -> str:
    arguments = [f"{name}={_argument(value, width)}" for name, value in call.arguments.items()]
    on_one_line = ", ".join(arguments)
    if len(on_one_line) <= width - 1 - len(call.function) - 2:
        return f"{call.function}({on_one_line})"
    lines = indent(",\n".join(arguments), " " * 4)
    return f"{call.function}(\n{lines}\n)"


def _argument(value: object, width: int) -> str:
    if isinstance(value, str):
        return f"'{value}'"
    return pprint.pformat(value, width=width) if isinstance(value, (list, tuple, dict)) else str(value)
