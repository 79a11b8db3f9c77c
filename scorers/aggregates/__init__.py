"""Running aggregates: metrics kept up to date one score at a time, exactly, in any order, scores taken back or not."""

from .base import SCORE_METADATA, Aggregate
from .needs import needed_metadata, needed_score_metadata, needs_full_scores
from .running import aggregate_for
from .running_row import Place, Recompute
from .scorer_state import RunningScorer

__all__ = [
    "SCORE_METADATA",
    "Aggregate",
    "Place",
    "Recompute",
    "RunningScorer",
    "aggregate_for",
    "needed_metadata",
    "needed_score_metadata",
    "needs_full_scores",
]
