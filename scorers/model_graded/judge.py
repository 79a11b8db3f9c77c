"""One judge: it is asked about one answer, and what it wrote becomes a score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..models.get_model import get_model
from ..score import Score
from ..state import TaskState
from ..target import Target
from .grade import GradeReader
from .named import Judge
from .prompt import chat_history, grading_prompt

__all__ = ["History", "Judging"]

History = bool | Callable[[TaskState], str]


@dataclass(frozen=True)
class Judging:
    """How answers are judged, by whichever model."""

    template: str
    instructions: str
    reader: GradeReader
    include_history: History

    async def score(self, model: Judge, state: TaskState, target: Target) -> Score:
        """Ask one model; None is the default one.

        Returns
        -------
        Score
            The grade; unscored with the reason "grader_failed" if the judge gave none. The two messages are in its
            metadata under ``grading``.

        Raises
        ------
        ModelError, BudgetError
            There is no answer.
        """
        judge = model() if callable(model) else get_model(model)
        prompt = grading_prompt(
            self.template,
            question=self._question(state),
            output=state.output,
            criterion=target.text,
            instructions=self.instructions,
            metadata=state.metadata,
        )
        result = await judge.generate([prompt])
        grade = self.reader.read(result.completion)
        metadata = {"grading": [message.model_dump(exclude_none=True) for message in (prompt, result.message)]}
        answer = state.output.completion
        if grade is None:
            explanation = f"Grade not found in model output: {result.completion}"
            return Score.unscored(reason="grader_failed", answer=answer, explanation=explanation, metadata=metadata)
        return Score(value=grade, answer=answer, explanation=result.completion, metadata=metadata)

    def _question(self, state: TaskState) -> str:
        if callable(self.include_history):
            return self.include_history(state)
        return chat_history(state) if self.include_history is True else state.input_text
