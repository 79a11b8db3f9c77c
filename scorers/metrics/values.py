"""Reading the values of scores without building the scores."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value, ValueToFloat, value_to_float

__all__ = [
    "DEFAULT_TO_FLOAT",
    "ScoreValues",
    "by_cluster",
    "cluster_id",
    "floats",
    "for_metric",
    "group_name",
    "is_builtin",
    "metadata_of",
    "numbers",
    "picked",
    "score_metadata_of",
    "values_of",
    "with_values",
]


DEFAULT_TO_FLOAT: ValueToFloat = value_to_float()
"""How a score value becomes a number unless a metric or reducer is told otherwise."""


class ScoreValues(Sequence[SampleScore]):
    """A sequence of sample scores whose values and sample metadata can be read without building a SampleScore each.

    A log of 100,000 samples is kept as such a sequence (see `evalstream.scorers.results.column`); a plain list of
    SampleScore works everywhere too.
    """

    @property
    def values(self) -> Sequence[Value]:
        """The score values, in order."""
        raise NotImplementedError

    def metadata_at(self, index: int) -> Mapping[str, Any] | None:
        """Metadata of the sample at an index."""
        raise NotImplementedError

    def score_metadata_at(self, index: int) -> Mapping[str, Any] | None:
        """Metadata of the score itself at an index."""
        return self[index].score.metadata

    def pick(self, indices: Sequence[int]) -> ScoreValues:
        """Return the scores at some indices, as another such sequence."""
        raise NotImplementedError

    def with_values(self, values: Sequence[Value]) -> ScoreValues:
        """Return the same scores with other values, as another such sequence."""
        raise NotImplementedError


def values_of(scores: Sequence[SampleScore]) -> Sequence[Value]:
    """Return the score values, in order."""
    if isinstance(scores, ScoreValues):
        return scores.values
    return [item.score.value for item in scores]


def metadata_of(scores: Sequence[SampleScore], index: int) -> Mapping[str, Any] | None:
    """Return the metadata of the sample at an index."""
    if isinstance(scores, ScoreValues):
        return scores.metadata_at(index)
    return scores[index].sample_metadata


def score_metadata_of(scores: Sequence[SampleScore], index: int) -> Mapping[str, Any] | None:
    """Return the metadata of the score itself at an index."""
    if isinstance(scores, ScoreValues):
        return scores.score_metadata_at(index)
    return scores[index].score.metadata


def floats(scores: Sequence[SampleScore], to_float: ValueToFloat) -> list[float]:
    """Return the scores as numbers, in order."""
    return numbers(values_of(scores), to_float)


def numbers(values: Iterable[Any], to_float: ValueToFloat) -> list[float]:
    """Turn values into numbers."""
    if to_float is not DEFAULT_TO_FLOAT:
        return [to_float(value) for value in values]
    # The default leaves floats as they are, and texts are few and often repeated: a third of the time for large logs.
    texts = _Texts()
    return [v if type(v) is float else texts[v] if type(v) is str else to_float(v) for v in values]


class _Texts(dict[str, float]):
    def __missing__(self, text: str) -> float:
        number = self[text] = DEFAULT_TO_FLOAT(text)
        return number


def is_builtin(metric: object) -> bool:
    """Tell whether a metric is one of this library's own."""
    try:
        tag = registry.tag_of(metric)
    except TypeError:
        return False
    return tag.entry.package == registry.BUILTIN_PACKAGE


def for_metric(metric: object, scores: Sequence[SampleScore]) -> Sequence[SampleScore]:
    """Return the scores as a metric takes them: the library's own take any sequence, those of users a real list."""
    return scores if isinstance(scores, list) or is_builtin(metric) else list(scores)


def picked(scores: Sequence[SampleScore], indices: Sequence[int]) -> Sequence[SampleScore]:
    """Return the scores at some indices."""
    if isinstance(scores, ScoreValues):
        return scores.pick(indices)
    return [scores[index] for index in indices]


def with_values(scores: Sequence[SampleScore], values: Sequence[Value]) -> Sequence[SampleScore]:
    """Return the scores with other values."""
    if isinstance(scores, ScoreValues):
        return scores.with_values(values)
    return [
        item.model_copy(update={"score": item.score.model_copy(update={"value": value})})
        for item, value in zip(scores, values, strict=True)
    ]


def by_cluster(scores: Sequence[SampleScore], numbers: Sequence[float], cluster: str) -> list[list[float]]:
    """Split numbers, one for each score, by the cluster that the score's sample belongs to.

    Raises
    ------
    ValueError
        A sample has no cluster, see `cluster_id`.
    """
    clusters: dict[Hashable, list[float]] = {}
    for index, x in enumerate(numbers):
        clusters.setdefault(cluster_id(metadata_of(scores, index), cluster), []).append(x)
    return list(clusters.values())


def group_name(metadata: Mapping[str, Any] | None, key: str) -> str:
    """Read the group that a sample belongs to; a None counts as the group "None".

    Raises
    ------
    ValueError
        The metadata has no such key.
    """
    if metadata is None or key not in metadata:
        raise ValueError(
            f"A sample has no {key!r} in its metadata, by which grouped() forms its groups: give each one."
        )
    return str(metadata[key])


def cluster_id(metadata: Mapping[str, Any] | None, key: str) -> Hashable:
    """Read the cluster that a sample belongs to.

    Raises
    ------
    ValueError
        The key is missing, or its value is None or NaN: such a sample would silently widen or narrow the error.
    """
    value: Hashable = metadata.get(key) if metadata is not None else None
    if value is None or (isinstance(value, float) and math.isnan(value)):
        raise ValueError(
            f"A sample has no {key!r} in its metadata, so its cluster is unknown: give every sample a value for"
            f" {key!r}, or leave out cluster={key!r}."
        )
    return value
