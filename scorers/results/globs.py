"""Metrics declared by glob: which keys of dict values they apply to."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence

from evalstream.scorers import registry
from evalstream.scorers.metric import Metric

__all__ = ["expand"]


def expand(metrics: Mapping[str, Sequence[Metric]], keys: Iterable[str]) -> dict[str, list[Metric]]:
    """Return the metrics of each key: patterns in the order declared, keys in the order given.

    A key that several patterns match has the metrics of all of them, but each name once (the first). Case counts. A
    key that nothing matches has no metrics, and a pattern that matches nothing is dropped.

    Examples
    --------
    >>> from evalstream.scorers.metrics import accuracy, mean, std
    >>> expanded = expand({"a_*": [mean()], "*": [std(), mean()]}, ["b", "a_1"])
    >>> {key: [registry.short_log_name(m) for m in ms] for key, ms in expanded.items()}
    {'a_1': ['mean', 'std'], 'b': ['std', 'mean']}
    """
    keys = list(keys)
    named: dict[str, dict[str, Metric]] = {}
    for pattern, declared in metrics.items():
        matches = re.compile(fnmatch.translate(pattern)).match
        for key in filter(matches, keys):
            of_key = named.setdefault(key, {})
            for metric in declared:
                of_key.setdefault(registry.log_name(metric), metric)
    return {key: list(of_key.values()) for key, of_key in named.items()}
