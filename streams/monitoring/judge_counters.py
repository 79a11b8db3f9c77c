"""What a worker's scorers used of models since it started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, Metric

from ..tally.usage import UsageSums
from .labels import LabelSets

__all__ = ["JudgeCounters"]

_KINDS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_write": "input_tokens_cache_write",
    "cache_read": "input_tokens_cache_read",
    "reasoning": "reasoning_tokens",
}


class JudgeCounters:
    """Calls, tokens and costs by scorer and model, as they are paid: a redelivered completion pays again.

    Parameters
    ----------
    limit
        How many pairs of scorer and model have series; all others together are one.
    """

    def __init__(self, limit: int) -> None:
        self._pairs = LabelSets(limit)
        self._calls: Counter[tuple[str, ...]] = Counter()
        self._tokens: Counter[tuple[str, ...]] = Counter()
        self._costs: dict[tuple[str, ...], float] = {}

    def used(self, scorer: str, usage: Mapping[str, Any]) -> None:
        """Count the field ``usage`` of a `ScoreEmitted`."""
        sums = UsageSums()
        sums.add(usage)
        for told in sums.told(scorer):
            pair = self._pairs.of([told.scorer, told.model])
            counts = {"service": told.calls, "cache": told.cached}
            self._calls.update({(*pair, answered_by): count for answered_by, count in counts.items()})
            self._tokens.update({(*pair, kind): getattr(told, name) for kind, name in _KINDS.items()})
            if told.cost is not None:
                self._costs[pair] = self._costs.get(pair, 0.0) + told.cost

    def families(self) -> Iterator[Metric]:
        """Return all of it as Prometheus knows it."""
        pair = ["scorer", "model"]
        yield _family("evalstream_judge_calls", "Calls to models by who answered.", [*pair, "answered_by"], self._calls)
        yield _family("evalstream_judge_tokens", "Tokens that models took.", [*pair, "kind"], self._tokens)
        yield _family("evalstream_judge_cost_usd", "What models cost, as far as prices are known.", pair, self._costs)


def _family(name: str, text: str, labels: list[str], counts: Mapping[tuple[str, ...], float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family
