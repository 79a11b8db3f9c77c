"""What only Inspect has, or has in another form: classes, its store, its transcript, its models."""

from __future__ import annotations

from typing import Any

from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageAssistant, GenerateConfig, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import (
    CORRECT,
    INCORRECT,
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    Value,
    accuracy,
    includes,
    mean,
    metric,
    scorer,
    stderr,
    value_to_float,
)
from inspect_ai.solver import TaskState
from inspect_ai.util import store


def half(value: Value) -> float:
    return 0.5 if value == CORRECT else 0.25


@metric
class Span:
    """A metric that is a class."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def __call__(self, scores: list[SampleScore]) -> Value:
        values = [value_to_float()(score.score.value) for score in scores]
        return (max(values) - min(values)) * self.factor


@metric
def answers() -> Metric:
    """Of the old kind: takes scores alone."""

    def compute(scores: list[Score]) -> Value:
        return len({score.answer for score in scores})

    return compute


@metric(name="named", scores="unreduced")
def of_another_name() -> Metric:
    def compute(scores: list[SampleScore]) -> Value:
        assert all(isinstance(score.score, Score) for score in scores)
        return {"scores": len(scores), "ids": len({score.sample_id for score in scores})}

    return compute


@scorer(
    metrics=[
        accuracy(to_float=half), stderr(), Span(factor=2.0), answers(), of_another_name(),
        mean(),
    ],
    name="a_class",
    colour="blue",
)  # fmt: skip
class ClassScorer(Scorer):
    """A scorer that is a class."""

    def __init__(self, wanted: str = "", **more: Any) -> None:
        self.wanted = str(wanted)

    async def __call__(self, state: TaskState, target: Target) -> Score | None:
        if state.epoch == 2 and str(state.sample_id).endswith("3"):
            return None
        if str(state.sample_id).endswith("4"):
            return Score.unscored(reason="no_response", explanation="nothing", metadata={"why": [1, None]})
        right = (self.wanted or target.text) in state.output.completion
        return Score(value=CORRECT if right else INCORRECT, answer=state.output.completion[:3])


@scorer(metrics={"*": [mean()], "facts_*": [stderr()]})
def looks_around() -> Scorer:
    """Writes down all that a scorer can see."""

    async def score(state: TaskState, target: Target) -> Score:
        inner = await includes()(state, target)
        state.store.set("seen", True)
        assert store().get("seen") is True
        own = ("scorers", "looks_around")  # spans that Inspect opens around a scorer
        kinds = [event.event for event in transcript().events if getattr(event, "name", "") not in own]
        said = [message for message in state.messages if isinstance(message, ChatMessageAssistant)]
        facts = {
            "facts_events": len(kinds),
            "facts_messages": len(state.messages),
            "facts_said": len(said),
            "facts_choices": len(state.choices),
            "facts_scores": len(state.scores or {}),
            "facts_completed": state.completed,
        }
        return Score(
            value=facts,
            answer=inner.answer if inner else None,
            explanation=f"{state.input_text} {state.user_prompt.text} {state.model}",
            metadata={
                "kinds": kinds, "metadata": dict(state.metadata), "store": dict(state.store.items()),
                "stop": state.output.stop_reason if state.output.choices else None,
                "usage": state.output.usage.model_dump() if state.output.usage else None, "uuid": state.uuid,
            },
        )  # fmt: skip

    return score


@scorer(metrics=[accuracy()])
def judged() -> Scorer:
    """Asks a model, as graders do."""

    async def score(state: TaskState, target: Target) -> Score:
        said = ModelOutput.from_content("mockllm/model", "GRADE: C")
        said.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # or it would be counted by a download
        model = get_model("mockllm/model", custom_outputs=[said], memoize=False)
        output = await model.generate(f"Right? {state.output.completion}", config=GenerateConfig(temperature=0.0))
        return Score(value=output.completion[-1], explanation=str(get_model()))

    return score
