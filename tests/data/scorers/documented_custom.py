"""Scorers in the shape of those on Inspect's page about custom scorers; the tests replace the imports."""

import re

from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    PARTIAL,
    Score,
    Scorer,
    Target,
    accuracy,
    mean,
    scorer,
    stderr,
    value_to_float,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import resource
from pydantic import BaseModel

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


@scorer(metrics=[accuracy(), stderr()])
def about(share: float = 0.05):
    """The last number of the completion, against the target, with some tolerance."""

    async def score(state: TaskState, target: Target) -> Score:
        found = NUMBER.findall(state.output.completion)
        if not found:
            return Score(value=INCORRECT, explanation="There is no number.")
        wanted = float(target.text)
        near = abs(float(found[-1]) - wanted) <= abs(wanted) * share
        return Score(
            value=CORRECT if near else INCORRECT,
            answer=found[-1],
            explanation=state.output.completion,
        )

    return score


@scorer(metrics=[accuracy(), mean()])
def of_every_kind():
    """Letters, numbers, words that read as booleans, numbers as text; with metadata."""

    async def score(state: TaskState, target: Target):
        said = state.output.completion
        kinds = [CORRECT, PARTIAL, 0.6, "yes", "false", "0.25", True, 3]
        value = kinds[len(said) % len(kinds)]
        return Score(
            value=value, answer=said, explanation=f"{said} is no {target.text}", metadata={"letters": len(said)}
        )

    return score


@scorer(metrics=[accuracy(to_float=value_to_float(correct="pass", incorrect="fail"))])
def in_own_words():
    """Other words than C and I, and a metric that knows them."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value="pass" if target.text in state.output.completion else "fail")

    return score


@scorer(metrics=[accuracy(), stderr()])
def careful():
    """No verdict where there can be none."""

    async def score(state: TaskState, target: Target) -> Score:
        found = NUMBER.findall(state.output.completion)
        if len(found) > 1:
            return Score.unscored(reason="two answers", answer=found[0], explanation="Which one is meant?")
        if not found:
            return Score.unscored(reason="invalid_response_format")
        return Score(value=CORRECT if found[0] == target.text else INCORRECT, answer=found[0])

    return score


@scorer(metrics=[accuracy(), stderr()])
def holds(ignore_case: bool = True):
    """The built-in `includes`, written anew."""

    async def score(state: TaskState, target: Target):
        said, wanted = state.output.completion, target.text
        hit = said.lower().rfind(wanted.lower()) != -1 if ignore_case else said.rfind(wanted) != -1
        return Score(value=CORRECT if hit else INCORRECT, answer=said)

    return score


@scorer(metrics=[accuracy(), stderr()])
def rated(
    template: str = "{question} {answer} {criterion} {instructions}",
    instructions: str = "Say VERDICT: C or VERDICT: I.",
    grade_pattern: str = r"VERDICT: (C|I)",
    model: str | Model | None = None,
) -> Scorer:
    """The built-in `model_graded_qa`, written anew: a template from a file, a judge, a grade found by a pattern."""
    template = resource(template)
    instructions = resource(instructions)

    async def score(state: TaskState, target: Target) -> Score:
        judge = get_model(model)
        prompt = template.format(
            question=state.input_text,
            answer=state.output.completion,
            criterion=target.text,
            instructions=instructions,
        )
        said = await judge.generate(prompt)
        found = re.search(grade_pattern, said.completion)
        if found:
            return Score(value=found.group(1), answer=found.group(0), explanation=said.completion)
        return Score.unscored(reason="grader_failed", explanation=f"No verdict in: {said.completion}")

    return score


@scorer(metrics=[accuracy()])
def asked_of() -> Scorer:
    """A judge that is named when the scoring starts."""

    async def score(state: TaskState, target: Target) -> Score:
        grader = get_model(role="grader")
        said = await grader.generate(f"Is {state.output.completion} right?", config=GenerateConfig(max_tokens=10))
        return Score(value=said.completion, answer=said.completion, explanation=str(grader))

    return score


@scorer(metrics=[accuracy()])
def who_is_asked() -> Scorer:
    """A judge by its role, by its name with a configuration, and the model under test."""

    async def score(state: TaskState, target: Target) -> Score:
        by_role = get_model(role="grader")
        by_name = get_model("mockllm/another", config=GenerateConfig(temperature=0.0))
        under_test = get_model()
        asked = [f"{one} {one.role} {one.config.temperature}" for one in (by_role, by_name, under_test)]
        return Score(value=CORRECT, explanation=str(asked))

    return score


class Facts(BaseModel, frozen=True):
    topic: str
    weight: int


@scorer(metrics=[mean()])
def looks_at_the_sample() -> Scorer:
    """Metadata as a model of their own, the store, the messages, choices and ids."""

    async def score(state: TaskState, target: Target) -> Score:
        facts = state.metadata_as(Facts)
        seen = [message.role for message in state.messages]
        return Score(
            value=facts.weight * state.epoch,
            answer=state.store.get("notes", "none"),
            explanation=f"{state.sample_id} {facts.topic} {seen} {state.user_prompt.text} {len(target)}",
        )

    return score
