"""Results as a log holds them: the same members, in the same order, as Inspect writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from evalstream.scorers.score import Score

__all__ = [
    "EvalMetric",
    "EvalResults",
    "EvalSampleReductions",
    "EvalSampleScore",
    "EvalScore",
    "HeadlineMetric",
]


class _Logged(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    def as_json(self) -> dict[str, Any]:
        """Return the object as JSON values: members that are None are left out, None inside plain dicts stays."""
        return self.model_dump(mode="json", exclude_none=True)


class HeadlineMetric(_Logged):
    """Which metric speaks for the whole eval; a field that is None matches anything when it is declared."""

    scorer: str | None = None
    score: str | None = None
    metric: str | None = None
    reducer: str | None = None


class EvalMetric(_Logged):
    """One number that a metric gave. ``group`` is the metric's name if it gave several."""

    name: str
    group: str | None = None
    value: int | float
    params: dict[str, Any] = Field(default_factory=dict)
    metadata: dict[str, Any] | None = None


class EvalScore(_Logged):
    """One row of results: the metrics of one scorer, or of one key of its dict values, under one reducer.

    ``scored_samples`` and ``unscored_samples`` count samples, or epochs of samples where nothing is reduced.
    """

    name: str
    scorer: str
    reducer: str | None = None
    scored_samples: int | None = None
    unscored_samples: int | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, EvalMetric] = Field(default_factory=dict)
    metadata: dict[str, Any] | None = None


class EvalSampleScore(Score):
    """One sample's reduced score."""

    sample_id: str | int | None = None


class EvalSampleReductions(_Logged):
    """All samples' scores of one scorer under one reducer."""

    scorer: str
    reducer: str | None = None
    samples: list[EvalSampleScore]


class EvalResults(_Logged):
    """Results of an eval.

    ``total_samples`` is what was planned (samples times epochs), ``completed_samples`` what ended without an error,
    ``logged_samples`` what a log that was cut short holds.
    """

    total_samples: int = 0
    completed_samples: int = 0
    logged_samples: int | None = None
    early_stopping: Any = None
    scores: list[EvalScore] = Field(default_factory=list)
    headline: HeadlineMetric | None = None
    metadata: dict[str, Any] | None = None
