"""`choice`: the model picked the right choices of a multiple-choice question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import registry
from ..choices import Choice, letter, lettered, position
from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..sample import SampleError
from ..score import Score
from ..scorer import Scorer
from ..state import TaskState
from ..target import Target
from ..value import CORRECT, INCORRECT, NOANSWER
from .shown_choices import marked_choices
from .substring import blank

__all__ = ["choice"]


def _choice(multiple_correct: bool | None = None) -> Scorer:
    """Correct if the model picked exactly the choices that the target names.

    Marks of a solver count where there are any. A log has none, so there the completion is read again, by the solver's
    own rules, and gives what scoring during the eval gave. (Inspect itself gives zero when it scores such a log again.)

    Parameters
    ----------
    multiple_correct
        Whether the model was allowed to pick several choices. None: what the log's plan says, or else the prompt, or
        else whether the target names several.

    Examples
    --------
    >>> from evalstream.scorers import TaskState, run_now
    >>> state = TaskState(output="ANSWER: B", target="B", choices=["Rome", "Paris"])
    >>> run_now(choice()(state, state.target)).value
    'C'
    """

    async def score(state: TaskState, target: Target) -> Score:
        choices: Sequence[Choice] = state.choices
        completion = state.completion
        if not choices:
            raise SampleError("choices", "is empty, and the choice scorer requires samples with choices", _label(state))
        wanted = _positions(target, len(choices), state)
        if all(choice.correct is None for choice in choices):
            choices = marked_choices(state, len(wanted) > 1, multiple_correct)
        explanation = completion
        if any(choice.original_position != i for i, choice in enumerate(choices)):
            explanation = _shuffled_explanation(choices)
        selected = sorted(choice.original_position for choice in choices if choice.correct)
        right = selected == sorted(wanted)
        answer = ", ".join(letter(i) for i in selected)
        if right or selected:
            return Score(value=CORRECT if right else INCORRECT, answer=answer, explanation=explanation)
        silent = blank(completion)
        return Score(
            value=NOANSWER if silent else INCORRECT,
            answer=answer,
            explanation=explanation,
            reason=silent or "invalid_response_format",
        )

    return score


def _positions(target: Target, count: int, state: TaskState) -> list[int]:
    """Positions that the target names: "A", "AB", "A, B" and ["A", "B"] are all read."""
    tokens = [token for text in target.target for token in text.replace(",", " ").split()]
    names = [name for token in tokens for name in ([token] if token.isnumeric() else token)]
    try:
        positions = [position(name) for name in names]
    except ValueError as error:
        raise SampleError("target", f"cannot be scored: {error}", _label(state)) from error
    outside = [name for name, i in zip(names, positions, strict=True) if i >= count]
    if outside:
        raise SampleError("target", f"names {', '.join(outside)}, but there are {count} choices", _label(state))
    return positions


def _shuffled_explanation(choices: Sequence[Choice]) -> str:
    picks = ", ".join(letter(i) for i, choice in enumerate(choices) if choice.correct)
    shown = lettered([choice.value for choice in choices])
    # Inspect's wording, since scores are compared across logs.
    return (
        "Choices were shuffled before generating a response, the following was sent to the model:"
        f"\n\n{shown}\nShuffled answer:\nANSWER: {picks}"
    )


def _label(state: TaskState) -> str:
    return f"Sample {state.sample_id!r}, epoch {state.epoch}"


_metrics: dict[str, Any] = {"metrics": [accuracy(), stderr()]}
_choice.__name__ = _choice.__qualname__ = "choice"
choice = registry.register("scorer", "choice", _choice, _metrics, aliases=("choices",))
