"""`model_graded_qa` and `model_graded_fact`: another model grades the answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..metrics.accuracy import accuracy
from ..metrics.stderr import stderr
from ..models.get_model import ModelRole, get_model, model_roles
from ..models.model import Model
from ..reducer import ScoreReducer
from ..reducers.names import create_reducers
from ..registry import note_resolved
from ..score import Score
from ..scorer import Scorer, scorer
from ..state import TaskState
from ..target import Target
from .grade import GradeReader
from .judge import History, Judging
from .named import Judge, judge_named, role_named, told
from .resource import template_text
from .texts import FACT_TEMPLATE, QA_TEMPLATE, default_instructions

__all__ = ["model_graded_fact", "model_graded_qa"]

logger = logging.getLogger(__name__)


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
    >>> from evalstream.scorers import TaskState, get_model
    >>> judge = get_model("mockllm/model", custom_outputs=["It is there.\n\nGRADE: C"])
    >>> state = TaskState(input="Capital of France?", target="Paris", output="It is Paris.")
    >>> score = asyncio.run(model_graded_qa(model=judge)(state, state.target))
    >>> score.value, score.explanation
    ('C', 'It is there.\n\nGRADE: C')
    """
    return _graded(
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
    >>> from evalstream.scorers import TaskState, get_model
    >>> judge = get_model("mockllm/model", custom_outputs=["GRADE: I"])
    >>> state = TaskState(input="Capital of France?", target="Paris", output="It is Rome.")
    >>> asyncio.run(model_graded_fact(model=judge)(state, state.target)).value
    'I'
    """
    return _graded(
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


def _graded(
    default_template: str,
    template: str | None,
    instructions: str | None,
    grade_pattern: str | None,
    include_history: History,
    partial_credit: bool,
    model: object,
    model_role: object,
    reducer: str | ScoreReducer,
) -> Scorer:
    offered = ("C", "P", "I") if partial_credit else ("C", "I")
    text = template_text(template) if template else None
    judging = Judging(
        text or default_template,
        instructions or default_instructions(partial_credit),
        GradeReader(grade_pattern, None if instructions else offered),
        include_history,
    )
    judges = [judge_named(one) for one in model] if isinstance(model, list) else None
    judge = None if judges is not None else judge_named(model)
    role = role_named(model_role)
    combine = (create_reducers(reducer) or [])[0]
    if model is not None and role is not None and role.required:
        logger.warning("A model is given to grade with, so none of the required role %r is looked for.", role.name)

    async def score(state: TaskState, target: Target) -> Score | None:
        panel = judges
        chosen = judge
        if model is None and role is not None:
            # Only now: who plays a role is not known when scorers are made.
            bound = model_roles().get(role.name)
            panel = list(bound) if isinstance(bound, list) else None
            if panel is None:
                chosen = get_model(role=role.name, required=role.required)
        if panel is None:
            return await judging.score(chosen, state, target)
        return combine(await _of_all(judging, panel, state, target))

    resolved: dict[str, Any] = {"template": text} if text is not None else {}
    if model is not None:
        resolved["model"] = told(model)
    if isinstance(model_role, ModelRole):
        resolved["model_role"] = asdict(model_role)
    note_resolved(score, **resolved)
    return score


async def _of_all(judging: Judging, panel: Sequence[Judge], state: TaskState, target: Target) -> list[Score]:
    """Ask all judges at once; the first error ends the others."""
    tasks = [asyncio.ensure_future(judging.score(one, state, target)) for one in panel]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
