"""``mockllm/model``: a model that says what a test scripted."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..errors import ModelSetupError
from ..messages import ChatMessage
from ..output import ModelOutput
from .config import GenerateConfig

__all__ = ["DEFAULT_OUTPUT", "MockModel"]

DEFAULT_OUTPUT = "Default output from mockllm/model"


class MockModel:
    """Answers from a script.

    Parameters
    ----------
    name
        Full name of the model.
    custom_outputs
        The answers, `ModelOutput` or text, one for each call; or a function of (input, tools, tool_choice, config) that
        makes one, ``async`` or not. None: always the same text.
    """

    def __init__(self, name: str, custom_outputs: Iterable[Any] | Callable[..., Any] | None = None) -> None:
        self._name, self._lock = name, threading.Lock()
        self._function: Callable[..., Any] | None = None
        self._script: Iterator[Any] | None = None
        if callable(custom_outputs):
            self._function = custom_outputs
        elif isinstance(custom_outputs, Iterable) and not isinstance(custom_outputs, str | bytes):
            self._script = iter(custom_outputs)
        elif custom_outputs is not None:
            raise ModelSetupError(
                name, f"custom_outputs is a list of answers or a function, not {type(custom_outputs).__name__}."
            )

    async def generate(self, messages: Sequence[ChatMessage], config: GenerateConfig) -> ModelOutput:
        """Return the next answer; ModelSetupError if there is none left, or if it is no answer."""
        output: Any = DEFAULT_OUTPUT
        if self._function is not None:
            output = self._function(list(messages), [], "none", config)
            if inspect.isawaitable(output):
                output = await output
        elif self._script is not None:
            try:
                with self._lock:
                    output = next(self._script)
            except StopIteration:
                raise ModelSetupError(self._name, "custom_outputs ran out of values.") from None
        if isinstance(output, str):
            output = ModelOutput.from_content(self._name, output)
        if not isinstance(output, ModelOutput):
            raise ModelSetupError(self._name, f"custom_outputs holds {type(output).__name__}, not ModelOutput or text.")
        if output.empty:
            raise ModelSetupError(self._name, "custom_outputs holds an output without choices.")
        return output
