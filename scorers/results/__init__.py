"""Results of an eval, from its scores: rows of metrics, reductions, headline."""

from .append import append_results
from .column import ScoreColumn
from .headline import resolve_headline
from .models import EvalMetric, EvalResults, EvalSampleReductions, EvalSampleScore, EvalScore, HeadlineMetric
from .naming import unique_scorer_name, unique_scorer_names
from .reductions import reduction_entry, reduction_plan
from .results import eval_results
from .scorer_info import ScorerInfo, metrics_from_header, metrics_to_header

__all__ = [
    "EvalMetric",
    "EvalResults",
    "EvalSampleReductions",
    "EvalSampleScore",
    "EvalScore",
    "HeadlineMetric",
    "ScoreColumn",
    "ScorerInfo",
    "append_results",
    "eval_results",
    "metrics_from_header",
    "metrics_to_header",
    "reduction_entry",
    "reduction_plan",
    "resolve_headline",
    "unique_scorer_name",
    "unique_scorer_names",
]
