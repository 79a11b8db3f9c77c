"""A sample of a log as a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from evalstream.scorers.messages import ChatMessage, Tolerant
from evalstream.scorers.output import ModelOutput, ModelUsage
from evalstream.scorers.score import ProvenanceData, Score

__all__ = ["EvalError", "EvalSample", "EvalSampleLimit"]


class EvalError(Tolerant):
    """How an eval or a sample failed."""

    message: str
    traceback: str = ""
    traceback_ansi: str = ""


class EvalSampleLimit(Tolerant):
    """A limit that ended a sample: its type ("time", "message", "token"...) and its value."""

    type: str
    limit: float
    reason: str | None = None


class EvalSample(Tolerant):
    """One sample of one epoch: what it was asked, what came of it, and its scores.

    ``events``, ``store``, ``events_data`` and what is not listed here are plain data, as in the file. Long texts in
    ``events`` and ``store`` may stand in ``attachments``, and ``attachment://<hash>`` in their place; see
    `read_eval_log`.

    Examples
    --------
    >>> sample = EvalSample(id=1, epoch=1, input="1+1", target="2", new_field="kept")
    >>> sample.model_dump(exclude_defaults=True)
    {'id': 1, 'epoch': 1, 'input': '1+1', 'target': '2', 'new_field': 'kept'}
    """

    id: int | str
    epoch: int
    input: str | list[ChatMessage]
    choices: list[str] | None = None
    target: str | list[str]
    description: str | None = None
    sandbox: Any = None
    files: list[str] | None = None
    setup: str | None = None
    messages: list[ChatMessage] = Field(default_factory=list)
    output: ModelOutput = Field(default_factory=ModelOutput)
    scores: dict[str, Score] | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    store: dict[str, Any] = Field(default_factory=dict)
    events: list[dict[str, Any]] = Field(default_factory=list)
    timelines: list[dict[str, Any]] | None = None
    model_usage: dict[str, ModelUsage] = Field(default_factory=dict)
    role_usage: dict[str, ModelUsage] = Field(default_factory=dict)
    started_at: str | None = None
    completed_at: str | None = None
    total_time: float | None = None
    working_time: float | None = None
    uuid: str | None = None
    invalidation: ProvenanceData | None = None
    error: EvalError | None = None
    error_retries: list[dict[str, Any]] | None = None
    attachments: dict[str, str] = Field(default_factory=dict)
    events_data: dict[str, Any] | None = None
    limit: EvalSampleLimit | None = None

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Show what a reader of a notebook wants to see; the whole of a sample may be megabytes."""
        yield from ((name, getattr(self, name)) for name in ("id", "epoch", "target", "scores"))
