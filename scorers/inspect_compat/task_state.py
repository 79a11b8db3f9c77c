"""A sample as Inspect's ``TaskState``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.model import ModelName
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState as InspectTaskState
from pydantic import BaseModel

from evalstream.scorers.state import TaskState

from .surroundings import deserialising

__all__ = ["inspect_state", "whole_sample"]

_KEY = "_inspect_state"

_EVENTS = ("events", "events_data", "timelines")


def inspect_state(state: TaskState) -> InspectTaskState:
    """Return the state of a sample as Inspect's; the scorers of one sample share it.

    Raises
    ------
    ValidationError
        The sample holds something that Inspect does not take.

    Examples
    --------
    >>> made = inspect_state(TaskState(model="a/b", sample_id=7, input="1 + 1?", target="2", output="It is 2"))
    >>> made.sample_id, made.input_text, made.output.completion, made.target.text, made.completed
    (7, '1 + 1?', 'It is 2', '2', True)
    """
    known = vars(state).get(_KEY)
    if isinstance(known, InspectTaskState):
        return known
    sample = EvalSample.model_validate(_plain(state), context=deserialising())
    made = InspectTaskState(
        model=ModelName(state.model if "/" in state.model else f"none/{state.model or 'none'}"),
        sample_id=sample.id,
        epoch=sample.epoch,
        input=sample.input,
        messages=sample.messages,
        target=Target(sample.target),
        choices=sample.choices,
        output=sample.output,
        completed=True,
        metadata=sample.metadata,
        store=sample.store,
        scores={},
        sample_uuid=state.uuid,
    )
    vars(state)[_KEY] = made
    return made


def whole_sample(state: TaskState) -> EvalSample:
    """Return a sample with its events, which takes a while for a long one.

    Raises
    ------
    ValidationError
        The events are not those of Inspect.
    """
    events = {name: stored for name in _EVENTS if (stored := state.stored(name)) is not None}
    return EvalSample.model_validate({**_plain(state), **events}, context=deserialising())


def _plain(state: TaskState) -> dict[str, Any]:
    return {name: _stored_or(state, name, read) for name, read in _READERS.items()}


def _stored_or(state: TaskState, name: str, read: Callable[[TaskState], Any]) -> Any:
    """Return a member as the log has it; what it lacks, or has as less than Inspect wants, as we read it."""
    stored = state.stored(name)
    return read(state) if stored is None or (name == "output" and isinstance(stored, str)) else stored


def _dumped(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return [_dumped(item) for item in value] if isinstance(value, list) else value


_READERS: dict[str, Callable[[TaskState], Any]] = {
    "id": lambda state: state.sample_id,
    "epoch": lambda state: state.epoch,
    "input": lambda state: _dumped(state.input),
    "target": lambda state: list(state.target.target),
    "choices": lambda state: [choice.value for choice in state.choices] or None,
    "messages": lambda state: _dumped(state.messages),
    "output": lambda state: _dumped(state.output),
    "metadata": lambda state: state.metadata,
    "store": lambda state: dict(state.store),
}
