"""Both sides of a comparison: a graded scorer of ours and Inspect's, with judges that say the same."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import inspect_ai.model as inspect_model
import inspect_ai.scorer as inspect_scorer
from inspect_ai.model._model import init_model_roles
from inspect_ai.solver import TaskState as InspectState
from pydantic import TypeAdapter

import evalstream.scorers as own
from evalstream.scorers import jsontext
from evalstream.scorers.sample import SampleMembers

MESSAGES = TypeAdapter(list[inspect_model.ChatMessage])

TEMPLATE = "Q: {question}\nA: {answer}\nC: {criterion}\n{instructions}"


class Scripted:
    """Judges that say the same on both sides, and what they were asked."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.asked: list[Any] = []

    def ours(self) -> list[own.Model]:
        return [own.get_model("mockllm/judge", custom_outputs=self._say(own, text)) for text in self.texts]

    def theirs(self) -> list[inspect_model.Model]:
        return [
            inspect_model.get_model("mockllm/judge", custom_outputs=self._say(inspect_model, text))
            for text in self.texts
        ]

    def _say(self, library: Any, text: str) -> Any:
        def say(input: Any, *_: Any) -> Any:
            self.asked.append(input)
            output = library.ModelOutput.from_content("mockllm/judge", text)
            output.usage = library.ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # else: a download
            return output

        return say


def sample(output: Any = "It is Paris.", **members: Any) -> dict[str, Any]:
    stored = {"id": 1, "epoch": 1, "input": "Capital of France?", "target": "Paris", "metadata": {}, **members}
    message = {"role": "assistant", "content": output}
    stored["output"] = {"model": "mockllm/model", "choices": [{"message": message, "stop_reason": "stop"}]}
    stored.setdefault("messages", [{"role": "user", "content": "Capital of France?"}, message])
    return stored


def ours(scorer: str, judges: Scripted, stored: dict[str, Any], roles: str | None = None, **options: Any) -> Any:
    state = own.TaskState.from_sample({name: jsontext.dumps(value) for name, value in stored.items()})
    models = judges.ours()
    given: Any = models if len(models) > 1 else models[0]
    context = own.ModelContext("mockllm/model", roles={roles: given} if roles else {})
    with own.use_context(context):
        made = getattr(own, scorer)(**options, **({} if roles else {"model": given}))
        return asyncio.run(made(state, state.target))


def theirs(scorer: str, judges: Scripted, stored: dict[str, Any], roles: str | None = None, **options: Any) -> Any:
    models = judges.theirs()
    given: Any = models if len(models) > 1 else models[0]
    input = stored["input"] if isinstance(stored["input"], str) else MESSAGES.validate_python(stored["input"])
    state = InspectState(
        inspect_model.ModelName("mockllm/model"), 1, 1, input, MESSAGES.validate_python(stored["messages"]),
        inspect_scorer.Target(stored["target"]), output=inspect_model.ModelOutput.model_validate(stored["output"]),
        metadata=stored["metadata"],
    )  # fmt: skip
    init_model_roles({roles: given} if roles else {})
    made = getattr(inspect_scorer, scorer)(**options, **({} if roles else {"model": given}))
    return asyncio.run(made(state, state.target))


def facts(score: Any) -> Any:
    value = "NaN" if isinstance(score.value, float) and math.isnan(score.value) else score.value
    metadata = dict(score.metadata or {})
    grading = [message_facts(message) for message in metadata.pop("grading", [])]
    return type(score.value).__name__, value, score.answer, score.explanation, score.reason, grading, metadata


def message_facts(message: Any) -> Any:
    shown = message if isinstance(message, dict) else message.model_dump(exclude_none=True)
    return {name: value for name, value in shown.items() if name != "id"}


def assert_same(
    texts: str | Sequence[str], stored: dict[str, Any] | None = None, scorer: str = "model_graded_qa", **options: Any
) -> Any:
    """Compare, and return what both said; the prompts are compared too where they are the user's own."""
    stored = stored or sample()
    scripts = [Scripted(*([texts] if isinstance(texts, str) else texts)) for _ in range(2)]
    mine, reference = ours(scorer, scripts[0], stored, **options), theirs(scorer, scripts[1], stored, **options)
    mine_facts, reference_facts = facts(mine), facts(reference)
    if not ("template" in options and "instructions" in options):
        mine_facts[5][:1] = reference_facts[5][:1] = []  # prompts of our own words
    assert mine_facts == reference_facts, (texts, options)
    return mine_facts[1]


__all__ = ["MESSAGES", "TEMPLATE", "SampleMembers", "Scripted", "assert_same", "facts", "ours", "sample", "theirs"]
