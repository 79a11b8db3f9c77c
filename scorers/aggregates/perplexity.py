"""Running perplexities."""

from __future__ import annotations

from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.perplexity import exp_or_inf, token_counts
from evalstream.scorers.value import Value

from .base import SCORE_METADATA, Aggregate, Metadata
from .exact_sum import ExactSum

__all__ = ["PerplexityPerSeq", "PerplexityPerToken"]


class _Perplexity(Aggregate):
    """A sum of log probabilities and what it is divided by, both of them exact."""

    def __init__(self) -> None:
        self.n = self._weight = 0
        self._sum = ExactSum()

    def update(self, value: Value, metadata: Metadata = None) -> None:
        self._change(metadata, 1)

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        self._change(metadata, -1)

    def _change(self, metadata: Metadata, sign: int) -> None:
        counts = token_counts((metadata or {}).get(SCORE_METADATA))
        self.n += sign
        if counts is not None:
            self._add(*counts, sign)

    def _add(self, tokens: int, log_probs: float, sign: int) -> None:
        """Add one score's tokens and the sum of their log probabilities (nats)."""
        raise NotImplementedError

    def _add_weighted(self, weight: int, log_probs: float, sign: int) -> None:
        self._weight += sign * weight
        if sign > 0:
            self._sum.add(log_probs)
        else:
            self._sum.subtract(log_probs)

    def merge(self, other: Self) -> None:
        self.n += other.n
        self._weight += other._weight
        self._sum.merge(other._sum)

    def get(self) -> float:
        return exp_or_inf(-self._sum.mean(self._weight)) if self._weight else float("nan")

    def state(self) -> Any:
        return [self.n, self._weight, self._sum.state()]

    def restore(self, state: Any) -> None:
        self.n, self._weight = state[0], state[1]
        self._sum.restore(state[2])


class PerplexityPerToken(_Perplexity):
    """Perplexity of all tokens together, exp(-Σ log p / Σ tokens), rounded twice; NaN without tokens.

    The counts are read of the score's metadata, which come under `SCORE_METADATA`.

    Examples
    --------
    >>> perplexity = PerplexityPerToken()
    >>> for tokens, log_probs in ((2, -3.0), (1, -1.0)):
    ...     perplexity.update(0.0, {SCORE_METADATA: {"num_tokens": tokens, "sum_log_probs": log_probs}})
    >>> round(perplexity.get(), 6)
    3.793668
    """

    def _add(self, tokens: int, log_probs: float, sign: int) -> None:
        self._add_weighted(tokens, log_probs, sign)


class PerplexityPerSeq(_Perplexity):
    """Geometric mean of the samples' perplexities, exp(mean of -Σ log p / tokens); NaN without a sample with tokens.

    Examples
    --------
    >>> perplexity = PerplexityPerSeq()
    >>> for tokens, log_probs in ((2, -3.0), (1, -1.0), (0, 0.0)):
    ...     perplexity.update(0.0, {SCORE_METADATA: {"num_tokens": tokens, "sum_log_probs": log_probs}})
    >>> round(perplexity.get(), 6)
    3.490343
    """

    def _add(self, tokens: int, log_probs: float, sign: int) -> None:
        if tokens > 0:
            self._add_weighted(1, log_probs / tokens, sign)
