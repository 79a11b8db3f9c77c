"""Perplexity over samples, from the token counts that perplexity scorers leave in their scores' metadata."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value

from .values import score_metadata_of

__all__ = ["exp_or_inf", "perplexity_per_seq", "perplexity_per_token", "token_counts"]

logger = logging.getLogger(__name__)


@metric
def perplexity_per_token() -> Metric:
    """Perplexity of all tokens together, exp(-Σ log p / Σ tokens): long samples weigh more.

    It reads ``num_tokens`` (tokens) and ``sum_log_probs`` (nats) of each score's metadata, as `perplexity` and
    `target_perplexity` leave them there; a score without counts as no tokens. Without any token it is NaN.

    References
    ----------
    The definition for fixed-length models, https://huggingface.co/docs/transformers/perplexity, which
    lm-evaluation-harness calls ``weighted_perplexity``.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> counts = [{"num_tokens": 2, "sum_log_probs": -3.0}, {"num_tokens": 1, "sum_log_probs": -1.0}]
    >>> scores = [SampleScore(score=Score(value=0.0, metadata=metadata)) for metadata in counts]
    >>> perplexity_per_token()(scores)
    3.7936678946831774
    """

    def over_tokens(scores: Sequence[SampleScore]) -> Value:
        tokens, log_probs = 0, 0.0
        for count, total in _counts(scores):
            tokens += count
            log_probs += total
        return exp_or_inf(-log_probs / tokens) if tokens else float("nan")

    return over_tokens


@metric
def perplexity_per_seq() -> Metric:
    """Geometric mean of the samples' perplexities, exp(mean of -Σ log p / tokens): each sample weighs the same.

    It reads the same as `perplexity_per_token`. Samples without tokens do not count; without any other it is NaN.

    Examples
    --------
    >>> from evalstream.scorers.score import Score
    >>> counts = [{"num_tokens": 2, "sum_log_probs": -3.0}, {"num_tokens": 1, "sum_log_probs": -1.0}]
    >>> scores = [SampleScore(score=Score(value=0.0, metadata=metadata)) for metadata in counts]
    >>> perplexity_per_seq()(scores)
    3.4903429574618414
    """

    def over_samples(scores: Sequence[SampleScore]) -> Value:
        means = [-total / count for count, total in _counts(scores) if count > 0]
        return exp_or_inf(sum(means) / len(means)) if means else float("nan")

    return over_samples


def token_counts(metadata: Mapping[str, Any] | None) -> tuple[int, float] | None:
    """Read the number of tokens and the sum of their log probabilities (nats) of a score's metadata.

    Returns
    -------
    tuple or None
        None if either is missing.

    Raises
    ------
    ValueError, TypeError
        One of them is no number.
    """
    tokens, log_probs = (metadata or {}).get("num_tokens"), (metadata or {}).get("sum_log_probs")
    return None if tokens is None or log_probs is None else (int(tokens), float(log_probs))


def exp_or_inf(x: float) -> float:
    """Return e to the power of x; infinity beyond the range of floats."""
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _counts(scores: Sequence[SampleScore]) -> list[tuple[int, float]]:
    counts = [token_counts(score_metadata_of(scores, index)) for index in range(len(scores))]
    if None in counts:
        _warn_once()
    return [count if count is not None else (0, 0.0) for count in counts]


@functools.cache
def _warn_once() -> None:
    logger.warning(
        "Some scores have no num_tokens and sum_log_probs in their metadata, and count as no tokens: is the scorer"
        " perplexity() or target_perplexity()?"
    )
