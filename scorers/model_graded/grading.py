"""What both scorers do: read the options, find the judges, ask them, and combine what they say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from ..models.get_model import ModelRole, bound_to, get_model, playing
from ..reducer import ScoreReducer
from ..reducers.names import create_reducers
from ..registry import note_resolved
from ..score import Score
from ..scorer import Scorer
from ..state import TaskState
from ..target import Target
from .grade import GradeReader
from .judge import History, Judging
from .named import Judge, judge_named, role_named, told
from .resource import template_text
from .texts import default_instructions

__all__ = ["graded"]

logger = logging.getLogger(__name__)


def graded(
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
    """Make a scorer of the options of `model_graded_qa`; what they are is told there."""
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
            bound = bound_to(role.name)
            panel = [partial(playing, role.name, one) for one in bound] if isinstance(bound, list) else None
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
