"""Which scores are epochs of one sample, and reducing them by their values alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from evalstream.scorers.reducers.driver import ValueReducer
from evalstream.scorers.value import Value

__all__ = ["SampleId", "Singles", "reduce_each", "samples_of"]

SampleId = str | int | None


class Singles(Sequence[list[int]]):
    """The indices of samples that have one score each, without a list for each in memory."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> list[int]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[int]]: ...

    def __getitem__(self, index: int | slice) -> list[int] | list[list[int]]:
        chosen = range(self._count)[index]
        return [chosen] if isinstance(chosen, int) else [[i] for i in chosen]

    def __iter__(self) -> Iterator[list[int]]:
        return ([index] for index in range(self._count))


def samples_of(ids: Sequence[SampleId]) -> Sequence[list[int]]:
    """Return the indices of each sample's epochs: samples in order of first appearance, told apart by str(id).

    Scores without a sample id belong to no sample and are left out.

    Examples
    --------
    >>> samples_of(["a", 1, "a", None, "1"])
    [[0, 2], [1, 4]]
    """
    if None not in ids and _distinct(ids):
        return Singles(len(ids))
    samples: dict[str, list[int]] = {}
    for index, sample_id in enumerate(ids):
        if sample_id is not None:
            samples.setdefault(str(sample_id), []).append(index)
    return list(samples.values())


def _distinct(ids: Sequence[SampleId]) -> bool:
    # Ids of one type are told apart as they are: 100,000 texts made of numbers would be 6 MB.
    one_type = len(set(map(type, ids))) == 1
    return len(set(ids if one_type else map(str, ids))) == len(ids)


def reduce_each(reducer: ValueReducer, values: Sequence[Value], samples: Sequence[list[int]]) -> Iterator[Value]:
    """Reduce the values of each sample."""
    known: dict[object, Value] = {}  # texts are few and often repeated: "C" and "I"
    if isinstance(samples, Singles):
        leaf = reducer.leaf
        for value in values:
            if type(value) is str:
                if value not in known:
                    known[value] = leaf([value], 1)
                yield known[value]
            else:
                yield leaf([value], 1) if type(value) is float else reducer.reduce_values((value,))
        return
    for indices in samples:
        epochs = tuple([values[i] for i in indices])
        if set(map(type, epochs)) == {str}:
            if epochs not in known:
                known[epochs] = reducer.reduce_values(epochs)
            yield known[epochs]
        else:
            yield reducer.reduce_values(epochs)
