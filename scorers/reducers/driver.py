"""What all built-in reducers share: the walk over scalars, dicts and lists, and what becomes of a score's other fields.

A reducer's rule speaks of one leaf: a scalar value, one key of dict values, or one position of list values, each over
all epochs. The walk hands it the leaves. The first score that is not unscored decides which of the three walks it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from evalstream.scorers.score import Score
from evalstream.scorers.value import Value, ValueToFloat, is_unscored

__all__ = ["CountReducer", "NumberReducer", "ValueReducer", "merged"]

NAN = float("nan")


class ValueReducer(ABC):
    """A reducer whose value depends on the values alone.

    Running metrics and large logs reduce values without building scores, see `reduce_values`.

    Raises
    ------
    ValueError
        When called: dicts or lists mixed with other values, dicts with different keys, lists of different lengths.
    """

    def __call__(self, scores: list[Score], /) -> Score:
        return merged(self.reduce_values([score.value for score in scores]), scores)

    def reduce_values(self, values: Sequence[Value]) -> Value:
        """Reduce the values of one sample's epochs; NaN if none of them is scored."""
        value: Any
        for value in values:
            if isinstance(value, dict):
                dicts = _alike(values, dict)
                return {key: self.leaf([d[key] for d in dicts], len(values)) for key in value}
            if isinstance(value, list):
                lists = _alike(values, list)
                return [self.leaf(list(column), len(values)) for column in zip(*lists, strict=True)]
            if not is_unscored(value):
                reduced: Value = self.scalar(values)
                return reduced
        return NAN

    def scalar(self, values: Sequence[Value]) -> Any:
        """Reduce values of which the first scored one is a scalar."""
        return self.leaf(list(values), len(values))

    @abstractmethod
    def leaf(self, leaves: list[Any], total: int) -> Any:
        """Reduce the leaves, unscored ones among them; ``total`` also counts epochs that are unscored as a whole."""


class NumberReducer(ValueReducer):
    """Reduces by a statistic over numbers; leaves that become NaN are left out, and nothing left gives NaN."""

    def __init__(self, statistic: Callable[[list[float]], float], to_float: ValueToFloat) -> None:
        self._statistic, self._to_float = statistic, to_float

    def leaf(self, leaves: list[Any], total: int) -> float:
        scored = [x for x in map(self._to_float, leaves) if x == x]  # noqa: PLR0124 - NaN only is not itself
        return self._statistic(scored) if scored else NAN


class CountReducer(ValueReducer):
    """Reduces by how often each value occurs, in order of first occurrence (1, 1.0 and True are one value)."""

    def __init__(self, decide: Callable[[Counter[Any], int], Any]) -> None:
        self._decide = decide

    def scalar(self, values: Sequence[Value]) -> Any:
        if not all(isinstance(value, (str, int, float)) for value in values):
            raise ValueError("This score is not a scalar, but the scores of the sample's other epochs are.")
        return super().scalar(values)

    def leaf(self, leaves: list[Any], total: int) -> Any:
        counts = Counter(leaf for leaf in leaves if not is_unscored(leaf))
        return self._decide(counts, total) if counts else NAN


def merged(value: Value, scores: Sequence[Score]) -> Score:
    """Make the reduced score: other fields survive if all epochs agree; the metadata is the first epoch's."""
    if not scores:
        return Score(value=value)
    first, rest = scores[0], scores[1:]
    return Score(
        value=value,
        answer=first.answer if all(s.answer == first.answer for s in rest) else None,
        explanation=first.explanation if all(s.explanation == first.explanation for s in rest) else None,
        reason=first.reason if all(s.reason == first.reason for s in rest) else None,
        metadata=first.metadata,
    )


def _alike(values: Sequence[Value], kind: type[dict[str, Any]] | type[list[Any]]) -> list[Any]:
    scored: list[Any] = [value for value in values if not is_unscored(value)]
    word = "dictionary" if kind is dict else "list"
    for value in scored:
        if not isinstance(value, kind):
            raise ValueError(
                f"A {word} cannot be reduced together with {value!r}: every epoch of a sample must give a {word}, or"
                " NaN for an epoch without a score."
            )
    first = scored[0]
    for other in scored[1:]:
        differs = other.keys() != first.keys() if kind is dict else len(other) != len(first)
        if differs:
            what = "mismatched keys" if kind is dict else "mismatched lengths"
            raise ValueError(
                f"A sample's epochs have {word} scores with {what}: {_shape(first)} and {_shape(other)}. Every epoch"
                " must give the same, or NaN for an epoch without a score."
            )
    return scored


def _shape(value: dict[str, Any] | list[Any]) -> str:
    return ", ".join(value) if isinstance(value, dict) else str(len(value))
