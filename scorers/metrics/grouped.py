"""A metric for each group of samples, and one over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value, ValueToFloat

from .values import DEFAULT_TO_FLOAT, for_metric, group_name, metadata_of, picked

__all__ = ["GroupTotal", "check_labels", "grouped"]

GroupTotal = Literal["samples", "groups", False]


@metric
def grouped(
    metric: Metric,
    group_key: str,
    *,
    all: GroupTotal = "samples",
    all_label: str = "all",
    value_to_float: ValueToFloat = DEFAULT_TO_FLOAT,
    name_template: str = "{group_name}",
) -> Metric:
    """Apply a metric to each group of samples.

    Parameters
    ----------
    metric
        What is computed for each group.
    group_key
        Key of the sample metadata that names a sample's group; groups keep the order of their first sample.
    all
        "samples": one more entry, the metric over all samples; "groups": one more entry, the unweighted mean of the
        groups' values; False: no such entry.
    all_label
        Name of that entry.
    value_to_float
        How a group's value becomes a number, for ``all="groups"``.
    name_template
        How a group's entry is named, for instance ``"topic_{group_name}"``; the label of the total stays as it is.

    Raises
    ------
    ValueError
        When called: a sample without the key, or a group named like ``all_label``.

    Examples
    --------
    >>> from evalstream.scorers.metrics.accuracy import accuracy
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> scores = [
    ...     SampleScore(score=Score(value=v), sample_metadata={"topic": t}) for t, v in (("x", 1), ("x", 0), ("y", 1))
    ... ]
    >>> grouped(accuracy(), "topic", all="groups")(scores)
    {'x': 0.5, 'y': 1.0, 'all': 0.75}
    """

    def by_group(scores: Sequence[SampleScore]) -> Value:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        if not scores:
            return {all_label: float("nan")} if all else {}
        members: dict[str, list[int]] = {}
        for index in range(len(scores)):
            members.setdefault(group_name(metadata_of(scores, index), group_key), []).append(index)
        result: dict[str, Value] = {}
        for name, indices in members.items():
            value = metric(for_metric(metric, picked(scores, indices)))
            result[name_template.format(group_name=name)] = value
        if all:
            check_labels(result, all_label)
        if all == "samples":
            result[all_label] = metric(for_metric(metric, scores))
        elif all == "groups":
            result[all_label] = float(np.mean([value_to_float(value) for value in result.values()]))
        return result  # type: ignore[return-value] # an inner metric that gives dicts fails later, as Inspect's does

    return by_group


def check_labels(names: Sequence[str] | dict[str, Value], all_label: str) -> None:
    """Raise ValueError if the total's label would hide a group."""
    if all_label in names:
        raise ValueError(
            f"A group is named {all_label!r}, like the total of grouped(): pass another all_label, or all=False."
        )
