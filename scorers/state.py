"""`TaskState`: what a scorer may read of a sample."""

from __future__ import annotations

import copy
import uuid as uuids
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from .choices import Choice, Choices
from .messages import ChatMessage, ChatMessageUser, last_user
from .output import ModelOutput
from .sample import SampleError, SampleMembers
from .score import Score
from .store import Store
from .target import Target

__all__ = ["Choice", "Choices", "ModelName", "SampleError", "Store", "TaskState"]

MetadataModel = TypeVar("MetadataModel", bound=BaseModel)


class ModelName(str):
    """A model's full name, such as "openai/gpt-4o".

    Examples
    --------
    >>> ModelName("openai/gpt-4o").api, ModelName("openai/gpt-4o").name
    ('openai', 'gpt-4o')
    """

    __slots__ = ()

    @property
    def api(self) -> str:
        """The provider, the part before the first "/"; empty if there is none."""
        return self.partition("/")[0] if "/" in self else ""

    @property
    def name(self) -> str:
        """The model's name without the provider."""
        return self.partition("/")[2] if "/" in self else str(self)


class TaskState:
    """The state of one sample when its solvers are done.

    Every attribute may be assigned. One made by `from_sample` parses a part of the sample when it is first read.

    Parameters
    ----------
    model
        Full name of the evaluated model.
    sample_id, epoch, sample_uuid
        Which sample of the dataset, which repetition of it (from 1), and the id of this one run of it.
    input, messages
        The dataset's input, and the conversation that came of it.
    target, choices
        The acceptable answers, and for a multiple-choice sample what there was to choose from.
    output
        The model's final output; a plain string stands for a completion.
    metadata, store, scores, completed
        As the sample has them.
    multiple_correct
        Whether the solver let the model pick several choices; None if nobody knows.

    Examples
    --------
    >>> state = TaskState(model="mockllm/model", sample_id=1, epoch=1, input="1 + 1?", target="2", output="It is 2")
    >>> state.output.completion, state.target.text, state.user_prompt.text
    ('It is 2', '2', '1 + 1?')
    """

    model: ModelName
    sample_id: int | str
    epoch: int
    uuid: str
    input: str | list[ChatMessage]
    messages: list[ChatMessage]
    target: Target
    choices: Choices
    output: ModelOutput
    metadata: dict[str, Any]
    store: Store
    scores: dict[str, Score] | None
    completed: bool
    multiple_correct: bool | None

    # Nothing runs any more when scorers look, so there are no tools and no limits to speak of.
    tools: Sequence[Any] = ()
    tool_choice: Any = None
    message_limit: int | None = None
    token_limit: int | None = None
    cost_limit: float | None = None

    def __init__(
        self,
        model: str = "",
        sample_id: int | str = 1,
        epoch: int = 1,
        input: str | list[ChatMessage] = "",
        messages: Sequence[ChatMessage] | None = None,
        target: Target | str | Sequence[str] = "",
        choices: Sequence[str | Choice] | None = None,
        output: ModelOutput | str | None = None,
        completed: bool = False,
        metadata: dict[str, Any] | None = None,
        store: Mapping[str, Any] | None = None,
        scores: dict[str, Score] | None = None,
        sample_uuid: str | None = None,
        multiple_correct: bool | None = None,
    ) -> None:
        self._sample: SampleMembers | None = None
        self.model = ModelName(model)
        self.sample_id, self.epoch, self.input = sample_id, epoch, input
        self.target = target if isinstance(target, Target) else Target(target)
        self.choices = choices if isinstance(choices, Choices) else Choices(choices or ())
        self.output = ModelOutput.from_content(model, output) if isinstance(output, str) else output or ModelOutput()
        if messages is None:
            asked: list[ChatMessage] = [ChatMessageUser(content=input)] if isinstance(input, str) else list(input)
            messages = asked if self.output.empty else [*asked, self.output.message]
        self.messages = list(messages)
        self.metadata = {} if metadata is None else metadata
        self.store = Store(copy.deepcopy(dict(store or {})))
        self.scores, self.completed = scores, completed
        self.uuid = sample_uuid or _made_up_uuid(sample_id, epoch)
        self.multiple_correct = multiple_correct

    @classmethod
    def from_sample(
        cls, members: Mapping[str, bytes], *, model: str = "", multiple_correct: bool | None = None
    ) -> TaskState:
        """Look at a stored sample.

        Parameters
        ----------
        members
            The top-level members of the sample (an Inspect ``EvalSample``) as raw JSON texts, as
            `jsontext.split_object` cuts them. Only ``id``, ``input`` and ``target`` must be there, and ``output`` may
            be a plain string; a member that nobody reads is never parsed.
        model
            Full name of the evaluated model.
        multiple_correct
            What the log's plan says of the ``multiple_choice`` solver.

        Raises
        ------
        SampleError
            When an attribute is read whose member is missing or of a wrong type.

        Examples
        --------
        >>> state = TaskState.from_sample({"id": b"1", "epoch": b"1", "target": b'["a", "b"]', "output": b'"It is b"'})
        >>> state.completion, state.target
        ('It is b', Target(['a', 'b']))
        """
        state = cls.__new__(cls)
        state.__dict__.update(
            _sample=SampleMembers(members), model=ModelName(model), completed=True, multiple_correct=multiple_correct
        )
        return state

    def __getattr__(self, name: str) -> Any:
        # Called only for what is not in the instance yet: parse it, keep it, and never come here for it again.
        read = _READERS.get(name)
        sample = self.__dict__.get("_sample")
        if read is None or sample is None:
            raise AttributeError(f"'TaskState' object has no attribute {name!r}")
        value = self.__dict__[name] = read(sample, self)
        return value

    @property
    def completion(self) -> str:
        """The same as ``output.completion``, cheaper when nothing else of the output is read."""
        output = self.__dict__.get("output")
        return self._sample.completion() if output is None and self._sample is not None else self.output.completion

    def stored(self, name: str) -> Any:
        """Return any member of the stored sample ("events", say) as plain data; None if there is none.

        Texts that the log keeps apart as attachments are put back in.
        """
        return self._sample.resolved(name) if self._sample is not None else None

    @property
    def input_text(self) -> str:
        """The input as text: that of the last user message if the input is messages.

        Raises
        ------
        ValueError
            The input is messages, and none of them is the user's.
        """
        if isinstance(self.input, str):
            return self.input
        message = last_user(self.input)
        if message is None:
            raise ValueError("The input holds no user message, so there is no input_text")
        if message.text or isinstance(message.content, str):
            return message.text
        return " ".join(f"[{part.type}]" for part in message.content if part.type != "text")

    @property
    def user_prompt(self) -> ChatMessageUser:
        """The last message of the user; ValueError if there is none."""
        message = last_user(self.messages)
        if message is None:
            raise ValueError("The conversation holds no user message")
        return message

    def metadata_as(self, metadata_cls: type[MetadataModel]) -> MetadataModel:
        """Read the metadata as a pydantic model; ValueError if the sample has none."""
        if not self.metadata:
            raise ValueError("The sample has no metadata")
        return metadata_cls.model_validate(self.metadata)


def _made_up_uuid(sample_id: int | str, epoch: int) -> str:
    # Not random: scoring the same sample again must show a scorer the same state.
    return uuids.uuid5(uuids.NAMESPACE_OID, f"{sample_id}/{epoch}").hex


_READERS: dict[str, Callable[[SampleMembers, TaskState], Any]] = {
    "sample_id": lambda sample, _: sample.sample_id(),
    "epoch": lambda sample, _: sample.epoch(),
    "uuid": lambda sample, state: sample.text("uuid") or _made_up_uuid(state.sample_id, state.epoch),
    "input": lambda sample, _: sample.input(),
    "messages": lambda sample, state: sample.messages(state.model),
    "target": lambda sample, _: sample.target(),
    "choices": lambda sample, _: Choices(sample.choices()),
    "output": lambda sample, state: sample.output(state.model),
    "metadata": lambda sample, _: sample.mapping("metadata"),
    "store": lambda sample, _: Store(sample.mapping("store")),
    "scores": lambda sample, _: sample.scores(),
}
