"""A log as models: what Inspect calls by the same names, and whatever else a file holds.

The models know the fields that are worked with, and keep every other one, so that a log of a newer Inspect is read and
written back whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import ConfigDict, Field

from evalstream.scorers.messages import Tolerant
from evalstream.scorers.output import ModelUsage
from evalstream.scorers.results.models import EvalResults as _Results
from evalstream.scorers.results.models import EvalSampleReductions as _Reductions
from evalstream.scorers.results.models import HeadlineMetric

from .log_sample import EvalError, EvalSample

__all__ = [
    "EvalConfig",
    "EvalDataset",
    "EvalLog",
    "EvalPlan",
    "EvalPlanStep",
    "EvalResults",
    "EvalSampleReductions",
    "EvalScorer",
    "EvalSpec",
    "EvalStats",
]


class EvalDataset(Tolerant):
    """The dataset of an eval; ``sample_ids`` are in its order."""

    name: str | None = None
    location: str | None = None
    samples: int | None = None
    sample_ids: list[int | str] | None = None
    shuffled: bool | None = None


class EvalConfig(Tolerant):
    """How an eval was run; ``epochs_reducer`` are log names, as in ``at_least_2``."""

    epochs: int | None = None
    epochs_reducer: list[str] | None = None


class EvalScorer(Tolerant):
    """A scorer as a log lists it: its name, what it was made with, and its metrics with theirs."""

    name: str
    options: dict[str, Any] | None = None
    metrics: list[Any] | dict[str, list[Any]] | None = None
    metadata: dict[str, Any] | None = None


class EvalSpec(Tolerant):
    """What was evaluated: which task, dataset and model, and how it is scored."""

    eval_id: str = ""
    run_id: str = ""
    created: str
    task: str
    task_id: str = ""
    task_version: int | str = 0
    task_file: str | None = None
    task_args: dict[str, Any] = Field(default_factory=dict)
    tags: list[str] | None = None
    dataset: EvalDataset
    model: str
    model_args: dict[str, Any] = Field(default_factory=dict)
    config: EvalConfig
    metadata: dict[str, Any] | None = None
    scorers: list[EvalScorer] | None = None
    metrics: list[Any] | dict[str, list[Any]] | None = None
    headline_metric: HeadlineMetric | None = None


class EvalPlanStep(Tolerant):
    """One solver of the plan, and what it was made with."""

    solver: str
    params: dict[str, Any] = Field(default_factory=dict)


class EvalPlan(Tolerant):
    """The solvers that made the samples' outputs."""

    name: str = "plan"
    steps: list[EvalPlanStep] = Field(default_factory=list)
    config: dict[str, Any] = Field(default_factory=dict)


class EvalStats(Tolerant):
    """When an eval ran, and what tokens it used, by model."""

    started_at: str = ""
    completed_at: str = ""
    model_usage: dict[str, ModelUsage] = Field(default_factory=dict)
    role_usage: dict[str, ModelUsage] = Field(default_factory=dict)


class EvalResults(_Results):
    """The results of an eval, and what else a log says of them."""

    model_config = ConfigDict(extra="allow", ser_json_inf_nan="constants")


class EvalSampleReductions(_Reductions):
    """All samples' scores of one scorer under one reducer, and what else a log says of them."""

    model_config = ConfigDict(extra="allow", ser_json_inf_nan="constants")


class EvalLog(Tolerant):
    """A log: what was evaluated, its samples (None if only the header was read), and their scores and metrics.

    Attributes
    ----------
    location
        Where it was read from or written to; no part of the file.

    Examples
    --------
    >>> log = EvalLog.model_validate(
    ...     {"eval": {"created": "2026-01-01T00:00:00Z", "task": "t", "dataset": {}, "model": "m", "config": {}}}
    ... )
    >>> log.status, log.results, log.samples
    ('started', None, None)
    """

    version: int = 2
    status: Literal["started", "success", "cancelled", "error"] = "started"
    eval: EvalSpec
    plan: EvalPlan = Field(default_factory=EvalPlan)
    results: EvalResults | None = None
    stats: EvalStats = Field(default_factory=EvalStats)
    error: EvalError | None = None
    invalidated: bool = False
    log_updates: list[dict[str, Any]] | None = None
    config_updates: list[dict[str, Any]] | None = None
    tags: list[str] = Field(default_factory=list)
    metadata: dict[str, Any] = Field(default_factory=dict)
    samples: list[EvalSample] | None = None
    reductions: list[EvalSampleReductions] | None = None
    location: str = Field(default="", exclude=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Leave the samples out, which would fill the screen."""
        yield from (("status", self.status), ("task", self.eval.task), ("model", self.eval.model))
        yield "samples", None if self.samples is None else len(self.samples)
        if self.results is not None:
            rows = ((f"{row.name}/{row.reducer}" if row.reducer else row.name, row) for row in self.results.scores)
            yield "results", {name: {key: metric.value for key, metric in row.metrics.items()} for name, row in rows}
        yield "location", self.location
