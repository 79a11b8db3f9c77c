"""Which choices a model saw in which order, and which it picked: what the solver knew and the log does not say.

Inspect's ``multiple_choice`` solver marks the picked choices in the running sample only; the log has the choices, the
conversation and the completion. All that the marks say can be told from these:

- Choices shuffled with the dataset are stored in their new order, and the target with them: nothing to do.
- The solver's own (deprecated) ``shuffle`` leaves the choices in their old order. When it understood the answer, it
  rewrote prompt and answer to the old order too, so the letter in the log is right as it is, and only the prompt
  recorded with the model call still has the order that was sent. When it did not understand the answer, the
  conversation has the shuffled prompt, and there is nothing to mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..choices import Choice, Choices, letter, lettered
from ..messages import ChatMessageUser
from ..state import TaskState
from .choices_parser import picked

__all__ = ["marked_choices"]

_REWRITTEN = re.compile(r"ANSWER: \w+(?:, \w+)*")
_SEVERAL, _SINGLE = "'ANSWER: $LETTERS'", "'ANSWER: $LETTER'"


def marked_choices(state: TaskState, several_in_target: bool, multiple_correct: bool | None) -> Choices:
    """Mark the choices as the solver did while the sample ran.

    Parameters
    ----------
    state
        The sample; its choices are left as they are.
    several_in_target
        Whether the target names several choices.
    multiple_correct
        Whether the model was allowed to pick several. None: as the log's plan says, or else the prompt (if it is one of
        Inspect's), or else as ``several_in_target``.

    Returns
    -------
    Choices
        In the order that the model saw; none is marked if the completion picks none.
    """
    texts = [choice.value for choice in state.choices]
    prompts = [message.text for message in reversed(state.messages) if isinstance(message, ChatMessageUser)]
    if multiple_correct is None:
        multiple_correct = state.multiple_correct
    if multiple_correct is None:
        multiple_correct = _allows_several(prompts, several_in_target)
    completion = state.completion
    shown = _first_order(prompts, texts)
    selected = {shown[i] for i in picked(completion, len(texts), multiple_correct)}
    if selected and shown == list(range(len(texts))) and _REWRITTEN.fullmatch(completion):
        shown = _first_order(_sent_prompts(state), texts)
    return Choices([Choice(texts[i], i in selected if selected else None, i) for i in shown])


def _allows_several(prompts: Sequence[str], several_in_target: bool) -> bool:
    for prompt in prompts:
        if _SEVERAL in prompt:
            return True
        if _SINGLE in prompt:
            return False
    return several_in_target


def _first_order(prompts: Sequence[str], texts: Sequence[str]) -> list[int]:
    """Return the original positions in the order of the first prompt that lists the choices, else unchanged."""
    unchanged = lettered(texts)
    if not any(unchanged in prompt for prompt in prompts):
        for prompt in prompts:
            for start in re.finditer(rf"^{letter(0)}\) ", prompt, re.MULTILINE):
                order = _order_from(prompt, start.start(), texts, [])
                if order is not None:
                    return order
    return list(range(len(texts)))


def _order_from(prompt: str, start: int, texts: Sequence[str], order: list[int]) -> list[int] | None:
    if len(order) == len(texts):
        return order
    label = f"{letter(len(order))}) "
    if not prompt.startswith(label, start):
        return None
    start += len(label)
    # The longest text first: one choice may begin with another one.
    for i in sorted(set(range(len(texts))) - set(order), key=lambda i: (-len(texts[i]), i)):
        if prompt.startswith(texts[i], start):
            end = start + len(texts[i]) + (len(order) + 1 < len(texts))
            found = _order_from(prompt, end, texts, [*order, i])
            if found is not None:
                return found
    return None


def _sent_prompts(state: TaskState) -> list[str]:
    return [text for message in _sent_messages(state) for text in _texts(message)]


def _sent_messages(state: TaskState) -> Iterator[Any]:
    """Yield the messages that were sent to the model, as plain data: from the pool that a log keeps, or the events."""
    pool = state.stored("events_data")
    if isinstance(pool, dict) and pool.get("messages"):
        yield from pool["messages"]
        return
    for event in state.stored("events") or ():
        if isinstance(event, dict) and event.get("event") == "model":
            yield from event.get("input") or ()


def _texts(message: Any) -> Iterator[str]:
    if isinstance(message, dict) and message.get("role") == "user":
        content = message.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content or ()
        yield from (part["text"] for part in parts if isinstance(part.get("text"), str))
