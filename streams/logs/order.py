"""The orders of samples that Inspect knows; sums of floats, and so metrics, depend on them.

A log is written and read in *rescore order*: by epoch, then by id as text, integers padded with zeros to 20 digits. An
eval that ends computes its results in *dataset order*.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Places", "dataset_order", "given_order", "rescore_order"]

Places = NDArray[np.int64]
"""Places of samples, in the order in which they are to be visited."""

LARGEST = 10**18


def rescore_order(ids: Sequence[str | int], epochs: Sequence[int]) -> Places:
    """Return the places of the samples in the order in which Inspect rescores a `.eval` (and writes any log).

    Examples
    --------
    >>> ids = ["10", 10, 9, "a", -3]
    >>> [ids[i] for i in rescore_order(ids, [1, 1, 1, 1, 1])]
    [-3, 9, 10, '10', 'a']
    >>> rescore_order([1, 2, 1], [2, 1, 1]).tolist()
    [2, 1, 0]
    """
    by_epoch = np.fromiter(epochs, np.int64, len(ids))
    numbers = _numbers(ids)
    if numbers is not None:
        # The same order as by padded text, without making 100,000 of them.
        return np.lexsort((numbers, by_epoch)).astype(np.int64)
    keys = [str(i).zfill(20) if isinstance(i, int) else i for i in ids]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    return order[np.argsort(by_epoch[order], kind="stable")]


def dataset_order(ids: Sequence[str | int], epochs: Sequence[int], dataset_ids: Sequence[Any] | None) -> Places:
    """Return the places of the samples by epoch, then as the dataset has them.

    Parameters
    ----------
    dataset_ids
        ``eval.dataset.sample_ids`` of the log's header. Samples that it does not name stand at the end of their epoch,
        in rescore order.

    Examples
    --------
    >>> ids = ["b", "a", "x", "b"]
    >>> [ids[i] for i in dataset_order(ids, [1, 1, 1, 1], ["a", "b"])]
    ['a', 'b', 'b', 'x']
    """
    order = rescore_order(ids, epochs)
    rank = _ranks(ids, dataset_ids or ())
    by_epoch = np.fromiter(epochs, np.int64, len(ids))
    # Stable, so that samples of one rank stay in rescore order.
    return order[np.lexsort((rank[order], by_epoch[order]))]


def given_order(ids: Sequence[str | int], epochs: Sequence[int], given: Sequence[tuple[str, int]]) -> Places:
    """Return the places of the samples in a given order of ids (as text) and epochs.

    Samples that it does not name stand at the end, in rescore order.

    Examples
    --------
    >>> given_order([1, "b", 3], [1, 1, 1], [("b", 1), ("1", 1)]).tolist()
    [1, 0, 2]
    """
    ranks = {key: rank for rank, key in reversed(list(enumerate(map(tuple, given))))}
    order = rescore_order(ids, epochs)
    rank = [ranks.get((str(ids[i]), epochs[i]), len(given)) for i in map(int, order)]
    return order[np.argsort(np.array(rank, np.int64), kind="stable")]


def _ranks(ids: Sequence[str | int], dataset_ids: Sequence[Any]) -> Places:
    """Return each sample's place in the dataset; one past the last for those that it does not name."""
    last = len(dataset_ids)
    numbers, known = _numbers(ids), _numbers(dataset_ids)
    if numbers is not None and known is not None and last:
        by_number = np.argsort(known, kind="stable")
        found = np.minimum(np.searchsorted(known, numbers, sorter=by_number), last - 1)
        places = by_number[found]
        return np.where(known[places] == numbers, places, last).astype(np.int64)
    ranks: dict[Any, int] = {}
    for place, sample_id in enumerate(dataset_ids):
        if isinstance(sample_id, Hashable):
            ranks.setdefault(sample_id, place)
    return np.fromiter((ranks.get(sample_id, last) for sample_id in ids), np.int64, len(ids))


def _numbers(ids: Sequence[Any]) -> Places | None:
    """Return ids as numbers if all of them are, and of a size whose order is that of their padded texts."""
    if all(type(i) is int and 0 <= i < LARGEST for i in ids):
        return np.fromiter(ids, np.int64, len(ids))
    return None
