"""The members of a stored sample, each parsed only when somebody asks for it.

A sample of a log is mostly events that no scorer looks at. So it arrives here cut into the raw texts of its top-level
members, and `SampleMembers` turns one member at a time into what a scorer reads.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError

from . import jsontext
from .errors import ScorersError
from .messages import ChatMessage, ChatMessageAssistant, ChatMessageUser
from .output import ModelOutput
from .score import Score
from .target import Target

__all__ = ["SampleError", "SampleMembers", "resolve_attachments"]

T = TypeVar("T")

_ATTACHMENT = "attachment://"


class SampleError(ScorersError, ValueError):
    """A sample holds something that its field cannot be, or lacks what a scorer needs.

    Carries the ``field`` (a path with dots), what is wrong (``detail``), and the ``sample`` as a label.
    """

    def __init__(self, field: str, detail: str, sample: str = "") -> None:
        self.field, self.detail, self.sample = field, detail, sample
        super().__init__(f'{sample or "The sample"}: "{field}" {detail}.')


class _Answer(msgspec.Struct):
    """The one thing that most scorers read of an output."""

    completion: str = ""


_target = msgspec.json.Decoder(str | list[str])
_texts = msgspec.json.Decoder(list[str])
_answer = msgspec.json.Decoder(_Answer)


class SampleMembers:
    """Typed access to the raw members of one sample.

    Parameters
    ----------
    members
        Member name to its JSON text, as `jsontext.split_object` cuts them. A missing member and ``null`` are the same.
    """

    __slots__ = ("members",)

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self.members = members

    def sample_id(self) -> int | str:
        """Return the sample's id."""
        value = self._required("id")
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            return value
        raise self._mismatch("id", "a string or an integer", value)

    def epoch(self) -> int:
        """Return the epoch, from 1; 1 if there is none."""
        value = self._parsed("epoch")
        if value is None:
            return 1
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._mismatch("epoch", "an integer", value)

    def text(self, name: str) -> str | None:
        """Return a member that is a string."""
        value = self._parsed(name)
        if value is None or isinstance(value, str):
            return value
        raise self._mismatch(name, "a string", value)

    def target(self) -> Target:
        """Return the acceptable answers; there may be none."""
        raw = self.members.get("target", b"null")
        try:
            return Target(_target.decode(raw))
        except (msgspec.DecodeError, UnicodeError):
            value = self._required("target")
        if isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            return Target(value)
        raise self._mismatch("target", "a string or a list of strings", value)

    def choices(self) -> list[str]:
        """Return the texts of the choices; empty for a sample without."""
        raw = self._raw("choices")
        if raw is None:
            return []
        try:
            return _texts.decode(raw)
        except (msgspec.DecodeError, UnicodeError):
            value = self._parsed("choices")
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return value
        raise self._mismatch("choices", "a list of strings", value)

    def mapping(self, name: str) -> dict[str, Any]:
        """Return a member that is an object; empty if there is none."""
        value = self.resolved(name)
        if value is None:
            return {}
        if isinstance(value, dict):
            return value
        raise self._mismatch(name, "an object", value)

    def completion(self) -> str:
        """Return the completion, without parsing the rest of the output where it is stored plainly."""
        raw = self._raw("output")
        if raw is None:
            return ""
        if _ATTACHMENT.encode() not in raw:
            try:
                stored = _answer.decode(raw).completion
            except (msgspec.DecodeError, UnicodeError):
                pass  # a plain text, NaN somewhere, or an error that the whole parse will name
            else:
                if stored:
                    return stored
        return self.output("").completion

    def output(self, model: str) -> ModelOutput:
        """Return the output; a plain string stands for a completion and nothing else, no output for an empty one."""
        raw = self._raw("output")
        if raw is None:
            return ModelOutput(model=model)
        if raw[:1] == b'"':
            return ModelOutput.from_content(model, self.text("output") or "")
        stored: ModelOutput = self._validated("output", _adapter("output"))
        return stored

    def input(self) -> str | list[ChatMessage]:
        """Return the input: a text, or messages."""
        if self._raw("input") is None:
            raise self._missing("input")
        given: str | list[ChatMessage] = self._validated("input", _adapter("input"))
        return given

    def messages(self, model: str) -> list[ChatMessage]:
        """Return the conversation; without one it is the input and then the output."""
        if self._raw("messages") is not None:
            stored: list[ChatMessage] = self._validated("messages", _adapter("messages"))
            return stored
        given = self.input()
        messages: list[ChatMessage] = [ChatMessageUser(content=given)] if isinstance(given, str) else list(given)
        output = self.output(model)
        answer = ChatMessageAssistant(content="") if output.empty else output.message
        return messages if output.empty else [*messages, answer]

    def scores(self) -> dict[str, Score]:
        """Return the scores that are already there."""
        if self._raw("scores") is None:
            return {}
        stored: dict[str, Score] = self._validated("scores", _adapter("scores"))
        return stored

    def resolved(self, name: str) -> Any:
        """Return a member as plain data, the texts that are kept apart in ``attachments`` put back in."""
        value = self._parsed(name)
        if _ATTACHMENT.encode() not in self.members.get(name, b""):
            return value
        attachments = self._parsed("attachments")
        return resolve_attachments(value, attachments) if isinstance(attachments, dict) and attachments else value

    def _raw(self, name: str) -> bytes | None:
        raw = self.members.get(name)
        return None if raw is None or raw == b"null" else raw

    def _parsed(self, name: str) -> Any:
        raw = self._raw(name)
        if raw is None:
            return None
        try:
            return jsontext.loads(raw)
        except jsontext.JsonTextError as error:
            raise SampleError(name, f"is not JSON ({error})", self._label()) from error

    def _required(self, name: str) -> Any:
        value = self._parsed(name)
        if value is None:
            raise self._missing(name)
        return value

    def _validated(self, name: str, adapter: TypeAdapter[T]) -> T:
        raw = self.members[name]
        try:
            if _ATTACHMENT.encode() not in raw:
                try:
                    return adapter.validate_json(raw)
                except ValidationError as error:
                    if error.errors(include_url=False)[0]["type"] != "json_invalid":
                        raise
            # What pydantic's parser refuses (a lone surrogate, deep nesting) the other one may take.
            return adapter.validate_python(self.resolved(name))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            path = ".".join([name, *(str(part) for part in first["loc"])])
            detail = f"is not valid: {first['msg'][:1].lower()}{first['msg'][1:]}, found {_describe(first['input'])}"
            raise SampleError(path, detail, self._label()) from error

    def _missing(self, name: str) -> SampleError:
        return SampleError(name, "is missing", self._label())

    def _mismatch(self, name: str, expected: str, value: object) -> SampleError:
        return SampleError(name, f"must be {expected}, found {_describe(value)}", self._label())

    def _label(self) -> str:
        names = [self.members.get(name, b"?").decode(errors="replace")[:80] for name in ("id", "epoch")]
        return f"Sample {names[0]}, epoch {names[1]}"


@functools.cache
def _adapter(name: str) -> TypeAdapter[Any]:
    kinds: dict[str, Any] = {
        "input": str | list[ChatMessage],
        "messages": list[ChatMessage],
        "output": ModelOutput,
        "scores": dict[str, Score],
    }
    return TypeAdapter(kinds[name])


def resolve_attachments(value: Any, attachments: Mapping[str, str]) -> Any:
    """Return plain data with the texts that are kept apart put back in.

    Examples
    --------
    >>> resolve_attachments({"text": "attachment://1", "n": [2, "attachment://?"]}, {"1": "long"})
    {'text': 'long', 'n': [2, 'attachment://?']}
    """
    if isinstance(value, str):
        return attachments.get(value[len(_ATTACHMENT) :], value) if value.startswith(_ATTACHMENT) else value
    if isinstance(value, list):
        return [resolve_attachments(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: resolve_attachments(item, attachments) for key, item in value.items()}
    return value


def _describe(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (bool, int, float)):
        return f"{jsontext.dumps(value).decode()}"
    if isinstance(value, str):
        return f"the string {value[:40]!r}" + ("..." if len(value) > 40 else "")
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object"
