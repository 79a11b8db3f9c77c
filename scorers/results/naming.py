"""Names in results: of scorers, and of the numbers that metrics give.

There are two ways to name a metric's numbers, and logs have both. In the row of a list of metrics the keys are short
and a second one of the same name is numbered (``accuracy``, ``accuracy2``); in the row of a key of dict values they
carry the package and the later one wins.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from evalstream.scorers import registry

from .models import EvalMetric
from .options import logged_options

__all__ = ["add_list_metric", "keyed_metrics", "unique_scorer_name", "unique_scorer_names"]


def unique_scorer_name(name: str, taken: Collection[str]) -> str:
    """Return the name, or the first of name1, name2, … that is not taken.

    Examples
    --------
    >>> unique_scorer_name("match", ["match", "match1"])
    'match2'
    """
    candidate, number = name, 0
    while candidate in taken:
        number += 1
        candidate = f"{name}{number}"
    return candidate


def unique_scorer_names(names: Iterable[str]) -> list[str]:
    """Make names unique, the earlier one keeping its own."""
    unique: list[str] = []
    for name in names:
        unique.append(unique_scorer_name(registry.unqualified(name), unique))
    return unique


def add_list_metric(row: dict[str, EvalMetric], metric: object, value: Any) -> None:
    """Add what a metric of a list gave to its row.

    Raises
    ------
    TypeError, ValueError
        The value is not a number (nor text that reads as one).
    """
    group = registry.unqualified(registry.short_log_name(metric))
    key = _numbered(group, row)
    params = logged_options(metric)
    if isinstance(value, Mapping):
        for name, item in value.items():
            if item is not None:
                row[_numbered(name, row)] = EvalMetric(name=name, group=group, value=float(item), params=params)
    elif _is_list(value):
        for number, item in enumerate(value, start=1):
            if item is not None:
                row[_numbered(f"{key}-{number}", row)] = EvalMetric(
                    name=str(number), group=group, value=float(item), params=params
                )
    else:
        row[key] = EvalMetric(name=registry.short_log_name(metric), value=float(value), params=params)


def keyed_metrics(metric: object, value: Any) -> dict[str, EvalMetric]:
    """Name what a metric of a dict of metrics gave; the numbers stay int or float as they are.

    Raises
    ------
    ValueError
        The value is not a number (pydantic's ValidationError).
    """
    name, params = registry.short_log_name(metric), logged_options(metric)
    if isinstance(value, Mapping):
        items = list(value.items())
    elif _is_list(value):
        items = [(str(number), item) for number, item in enumerate(value)]
    else:
        return {name: EvalMetric(name=name, value=value, params=params)}
    group = registry.unqualified(name)
    return {f"{name}_{key}": EvalMetric(name=key, group=group, value=item, params=params) for key, item in items}


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _numbered(key: str, taken: Collection[str]) -> str:
    if key not in taken:
        return key
    numbered = re.compile(re.escape(key) + r"(\d+)")
    numbers = [int(match[1]) for match in map(numbered.match, taken) if match]
    return f"{key}{max([1, *numbers]) + 1}"
