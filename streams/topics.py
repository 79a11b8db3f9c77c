"""The topics, and what is set on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["COMPLETIONS", "DEAD_LETTERS", "EVALS", "LOGS", "METRICS", "SCORES", "TOPICS", "Topic"]


@dataclass(frozen=True)
class Topic:
    """A topic's name and clean-up: "compact" keeps the last record of a key, "delete" drops old ones."""

    name: str
    cleanup: Literal["compact", "delete"]


EVALS = Topic("evals", "compact")
COMPLETIONS = Topic("completions", "delete")
SCORES = Topic("scores", "delete")
METRICS = Topic("metrics", "compact")
LOGS = Topic("logs", "compact")
DEAD_LETTERS = Topic("dead-letters", "delete")

TOPICS = (EVALS, COMPLETIONS, SCORES, METRICS, LOGS, DEAD_LETTERS)
