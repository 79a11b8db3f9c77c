"""What metrics and reducers need to be told of each sample, so that no more than that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from evalstream.scorers import registry
from evalstream.scorers.metrics.values import is_builtin
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.driver import ValueReducer
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.results.views import all_metrics

from .running import RUNNING

__all__ = ["needed_metadata", "needed_score_metadata", "needs_full_scores"]

_METADATA_OPTIONS = ("cluster", "group_key")
_INNER_OPTIONS = ("metric", "agg")
_SCORE_METADATA = {
    "perplexity_per_token": {"num_tokens", "sum_log_probs"},
    "perplexity_per_seq": {"num_tokens", "sum_log_probs"},
}
_KNOWN = {*RUNNING, "bootstrap_stderr"}


def needed_metadata(info: ScorerInfo) -> set[str] | None:
    """Return which keys of the sample metadata a scorer's metrics read; None means that any may be.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy, grouped, stderr
    >>> sorted(needed_metadata(ScorerInfo("match", [grouped(stderr(cluster="passage"), "topic")])))
    ['passage', 'topic']
    """
    keys: set[str] = set()
    for metric in all_metrics(info.metrics):
        for made in _with_inner(metric):
            if not _is_known(made):
                return None
            options = registry.tag_of(made).options
            keys.update(options[name] for name in _METADATA_OPTIONS if options.get(name) is not None)
    return keys


def needed_score_metadata(info: ScorerInfo) -> set[str]:
    """Return which keys of the scores' own metadata a scorer's built-in metrics read.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy, perplexity_per_token
    >>> sorted(needed_score_metadata(ScorerInfo("perplexity", [accuracy(), perplexity_per_token()])))
    ['num_tokens', 'sum_log_probs']
    """
    keys: set[str] = set()
    for metric in all_metrics(info.metrics):
        for made in _with_inner(metric):
            if is_builtin(made):
                keys |= _SCORE_METADATA.get(registry.tag_of(made).entry.name, set())
    return keys


def needs_full_scores(info: ScorerInfo, reducers: Sequence[ScoreReducer] | None) -> bool:
    """Tell whether metrics or reducers may read more of a score than its value: those of users may.

    What `needed_score_metadata` tells is not counted.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy
    >>> needs_full_scores(ScorerInfo("match", [accuracy()]), None)
    False
    """
    if not all(isinstance(reducer, ValueReducer) for reducer in reducers or ()):
        return True
    return not all(_is_known(made) for metric in all_metrics(info.metrics) for made in _with_inner(metric))


def _with_inner(metric: object) -> list[object]:
    made = [metric]
    if is_builtin(metric):
        for option, value in registry.tag_of(metric).options.items():
            if option in _INNER_OPTIONS:
                made.extend(_with_inner(value))
    return made


def _is_known(metric: object) -> bool:
    """Tell whether a metric reads nothing but values and what its options name."""
    return is_builtin(metric) and registry.tag_of(metric).entry.name in _KNOWN
