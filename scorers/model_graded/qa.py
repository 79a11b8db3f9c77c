"""`model_graded_qa` and `model_graded_fact`: another model grades the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..scorer import Scorer, scorer

if TYPE_CHECKING:
    from ..models import Model, ModelRole
    from ..reducer import ScoreReducer
    from .judge import History

__all__ = ["model_graded_fact", "model_graded_qa"]


@scorer(metrics=[accuracy(), stderr()])
def model_graded_qa(
    template: str | None = None,
    instructions: str | None = None,
    grade_pattern: str | None = None,
    include_history: History = False,
    partial_credit: bool = False,
    model: list[str | Model] | str | Model | None = None,
    model_role: str | ModelRole | None = "grader",
    reducer: str | ScoreReducer = "majority",
) -> Scorer:
    r"""Let a model grade the answer to an open question by a criterion, the target.

    Parameters
    ----------
    template
        What the judge is asked: text with the fields ``{question}``, ``{answer}``, ``{criterion}`` and
        ``{instructions}`` and, by their keys, those of the sample's metadata; or the path or URL of a file with it.
    instructions
        How it is to grade. With the default ones only a grade that they offer counts.
    grade_pattern
        A regular expression whose first group is the score's value. Default: the letter after the last "GRADE:".
    include_history
        Show the judge the conversation and not the input alone; or a function that makes the question of the state.
    partial_credit
        Offer "P" (0.5) beside "C" and "I"; for the default instructions only.
    model
        The judge, or a panel of them. Default: whoever plays ``model_role``.
    model_role
        A role; without a model for it, and if it is None, the model under test grades.
    reducer
        How the grades of a panel become one. By "majority" a grade needs more than half of all judges; one that failed
        has no vote, but counts.

    Returns
    -------
    Scorer
        It gives the judge's grade; without a grade that can be read, an unscored score of the reason "grader_failed".

    Raises
    ------
    ValueError
        The template cannot be read, or ``grade_pattern`` is no regular expression with a group.
    ModelError, BudgetError
        When it scores: the judge gave no answer.

    Examples
    --------
    >>> import asyncio
    >>> from evalstream.scorers import TaskState, get_model
    >>> judge = get_model("mockllm/model", custom_outputs=["It is there.\n\nGRADE: C"])
    >>> state = TaskState(input="Capital of France?", target="Paris", output="It is Paris.")
    >>> score = asyncio.run(model_graded_qa(model=judge)(state, state.target))
    >>> score.value, score.explanation
    ('C', 'It is there.\n\nGRADE: C')
    """
    from .grading import graded  # noqa: PLC0415 - 30 ms that whoever grades by text need not wait for
    from .texts import QA_TEMPLATE  # noqa: PLC0415

    return graded(
        QA_TEMPLATE, template, instructions, grade_pattern, include_history, partial_credit, model, model_role, reducer
    )


@scorer(metrics=[accuracy(), stderr()])
def model_graded_fact(
    template: str | None = None,
    instructions: str | None = None,
    grade_pattern: str | None = None,
    include_history: History = False,
    partial_credit: bool = False,
    model: list[str | Model] | str | Model | None = None,
    model_role: str | ModelRole | None = "grader",
    reducer: str | ScoreReducer = "majority",
) -> Scorer:
    """Let a model decide whether the answer states the fact that the target states.

    As `model_graded_qa` but for the default template, which compares with an expert's answer.

    Examples
    --------
    >>> import asyncio
    >>> from evalstream.scorers import TaskState, get_model
    >>> judge = get_model("mockllm/model", custom_outputs=["GRADE: I"])
    >>> state = TaskState(input="Capital of France?", target="Paris", output="It is Rome.")
    >>> asyncio.run(model_graded_fact(model=judge)(state, state.target)).value
    'I'
    """
    from .grading import graded  # noqa: PLC0415 - 30 ms that whoever grades by text need not wait for
    from .texts import FACT_TEMPLATE  # noqa: PLC0415

    return graded(
        FACT_TEMPLATE,
        template,
        instructions,
        grade_pattern,
        include_history,
        partial_credit,
        model,
        model_role,
        reducer,
    )
