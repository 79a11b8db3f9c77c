"""The two orders of samples that Inspect knows; sums of floats, and so metrics, depend on them.

A log is written and read in *rescore order*: by epoch, then by id as text, integers padded with zeros to 20 digits. An
eval that ends computes its results in *dataset order*.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

__all__ = ["dataset_order", "rescore_order"]


def rescore_order(ids: Sequence[str | int], epochs: Sequence[int]) -> list[int]:
    """Return the places of the samples in the order in which Inspect rescores a `.eval` (and writes any log).

    Examples
    --------
    >>> ids = ["10", 10, 9, "a", -3]
    >>> [ids[i] for i in rescore_order(ids, [1, 1, 1, 1, 1])]
    [-3, 9, 10, '10', 'a']
    >>> rescore_order([1, 2, 1], [2, 1, 1])
    [2, 1, 0]
    """
    if all(type(i) is int and 0 <= i < 10**18 for i in ids):
        # The same order as by padded text, without making 100,000 of them.
        by_number = np.lexsort((np.fromiter(ids, np.int64, len(ids)), np.fromiter(epochs, np.int64, len(ids))))
        places: list[int] = by_number.tolist()
        return places
    keys = [str(i).zfill(20) if isinstance(i, int) else i for i in ids]
    # Two stable sorts in place of one by pairs: 100,000 pairs are 6 MB.
    order = sorted(range(len(keys)), key=keys.__getitem__)
    order.sort(key=epochs.__getitem__)
    return order


def dataset_order(ids: Sequence[str | int], epochs: Sequence[int], dataset_ids: Sequence[Any] | None) -> list[int]:
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
    places: dict[Any, int] = {}
    for place, sample_id in enumerate(dataset_ids or ()):
        if isinstance(sample_id, Hashable):
            places.setdefault(sample_id, place)
    last = len(places) + 1 + len(dataset_ids or ())
    rank = np.fromiter((places.get(sample_id, last) for sample_id in ids), np.int64, len(ids))
    order = np.array(rescore_order(ids, epochs), np.int64)
    order = order[np.argsort(rank[order], kind="stable")]
    by_epoch = np.fromiter((epochs[i] for i in order), np.int64, len(ids))
    result: list[int] = order[np.argsort(by_epoch, kind="stable")].tolist()
    return result
