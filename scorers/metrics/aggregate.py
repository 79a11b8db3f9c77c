"""A metric over one key of dict values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value, ValueToFloat, is_unscored

from .values import for_metric, picked, values_of, with_values

__all__ = ["OnMissing", "aggregate", "leaf"]

OnMissing = Literal["error", "skip", "zero"]


@metric
def aggregate(
    key: str, agg: Metric, *, to_float: ValueToFloat | None = None, on_missing: OnMissing = "error"
) -> Metric:
    """Apply a metric to one key of dict values.

    What is unscored (NaN), as a whole or under the key, is left out; if nothing is left, the result is NaN.

    Parameters
    ----------
    key
        Which item of the values.
    agg
        The metric.
    to_float
        How an item becomes a number before the metric gets it; by default the metric gets it as it is.
    on_missing
        A dict without the key, or with None under it, is an error, or left out ("skip"), or counts as 0.0 ("zero").
        Mind that "skip" makes n smaller, and standard errors of different runs hard to compare.

    Raises
    ------
    ValueError
        ``on_missing`` is none of the three. When called: a value that is not a dict, or that lacks the key.

    Examples
    --------
    >>> from evalstream.scorers.metrics.mean import mean
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> scores = [SampleScore(score=Score(value=v)) for v in ({"words": 4}, {"words": 8}, {"words": None})]
    >>> aggregate("words", mean(), on_missing="skip")(scores)
    6.0
    """
    if on_missing not in ("error", "skip", "zero"):
        raise ValueError(f'aggregate() takes on_missing="error", "skip" or "zero", and not {on_missing!r}.')

    def of_key(scores: Sequence[SampleScore]) -> Value:
        indices: list[int] = []
        leaves: list[Value] = []
        for index, value in enumerate(values_of(scores)):
            if is_unscored(value):
                continue
            item = leaf(value, key, to_float, on_missing)
            if item is not None:
                indices.append(index)
                leaves.append(item)
        if not leaves:
            return float("nan")
        return agg(for_metric(agg, with_values(picked(scores, indices), leaves)))

    return of_key


def leaf(value: Any, key: str, to_float: ValueToFloat | None, on_missing: OnMissing) -> Value | None:
    """Return what a dict value has under the key; None if it is left out.

    Raises
    ------
    ValueError
        The value is not a dict, or lacks the key though it must not.
    """
    if not isinstance(value, dict):
        raise ValueError(f"aggregate({key!r}, …) takes dict values, and one is {value!r}.")
    item: Value | None = value.get(key)
    if is_unscored(item):
        return None
    if item is not None:
        return item if to_float is None else to_float(item)
    if on_missing == "error":
        raise ValueError(
            f"aggregate({key!r}, …) found a value with {'None under this key' if key in value else 'no such key'}:"
            ' pass on_missing="skip" or on_missing="zero" if that is as it should be.'
        )
    return 0.0 if on_missing == "zero" else None
