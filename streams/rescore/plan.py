"""What an eval on a broker is scored with anew, and what names that: pure decisions."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from evalstream.scorers.jsontext import dumps

from ..events import EvalStarted
from ..publish.plan import ScoringPlan, Wishes, plan_scoring
from ..scoring.scorer_set import fingerprint
from ..settings import Settings

__all__ = ["plan_rescoring", "request_id", "restarted"]


def plan_rescoring(started: EvalStarted, wishes: Wishes) -> ScoringPlan:
    """Decide what an eval is scored with: what is wished for, and for the rest what its live run was scored with.

    The scorers of the live run are those that its start named; the header that it carries may list others.

    Raises
    ------
    UsageError, ScorersError
        As `plan_scoring`.
    """
    spec = dict(started.header.get("eval") or {})
    config = dict(spec.get("config") or {}) | {"epochs": started.epochs, "epochs_reducer": started.reducers}
    if started.scorers:
        spec["scorers"] = [scorer.model_dump() for scorer in started.scorers]
    header: dict[str, Any] = {**started.header, "eval": {**spec, "config": config}}
    action = wishes.action or "overwrite"
    plan = plan_scoring(header, dataclasses.replace(wishes, action=action))
    if action == "overwrite" and started.scorers and not wishes.scorers and not wishes.metrics:
        # As they stand: to be read and printed again might change a letter of the log.
        plan = dataclasses.replace(plan, scorers=started.scorers)
    return plan


def restarted(started: EvalStarted, plan: ScoringPlan) -> EvalStarted:
    """Return the eval's start as the new run has it; the same one if the plan is that of the live run."""
    if plan.scorers == started.scorers and plan.reducers == started.reducers:
        return started
    changes = {"scorers": plan.scorers, "reducers": plan.reducers, "action": "overwrite", "reductions": None}
    return started.model_copy(update=changes)


_OF_JUDGES = ("model", "model_role", "model_base_url", "model_args", "judge_budget", "judge_cache")
"""Settings that decide what judges say, and whether they are asked."""


def request_id(broker: str, eval_id: str, plan: ScoringPlan, output: str, settings: Settings | None = None) -> str:
    """Name what was asked for, so that the same command finds again what it had begun.

    A scorer that was changed is another one: half a log by its old code would be of two scorers. So is one that asks
    another judge, or has a larger budget: what the smaller one did not pay for is to be asked now.

    Examples
    --------
    >>> plan = ScoringPlan([], None, "overwrite", 1, None)
    >>> plain = request_id("b", "e", plan, "o")
    >>> plain == request_id("b", "e", plan, "o", Settings(scorer_timeout=5.0))
    True
    >>> plain == request_id("b", "e", plan, "o", Settings(model="openai/gpt-4o"))
    False
    """
    scorers = [[fingerprint(spec), spec.model_dump()] for spec in plan.scorers]
    request: list[Any] = [broker, eval_id, scorers, plan.reducers, plan.action, output]
    if settings is not None:
        usual = Settings()
        said = {name: getattr(settings, name) for name in _OF_JUDGES}
        judges = {name: value for name, value in said.items() if value != getattr(usual, name)}
        request.extend([judges] if judges else [])
    text = dumps(request)
    return hashlib.sha256(text).hexdigest()[:12]
