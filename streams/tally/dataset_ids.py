"""The dataset's sample ids, kept once and compactly.

A header lists the id of every sample. As parsed JSON that list weighs more than all scores, so it is taken out of the
header while a run's state waits in memory.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["put_back", "take_out"]

SampleIds = Sequence[Any]


def take_out(header: Mapping[str, Any]) -> tuple[dict[str, Any], SampleIds | None]:
    """Return the header with None in the ids' place, and the ids; None if it lists none.

    Examples
    --------
    >>> header, ids = take_out({"eval": {"dataset": {"sample_ids": [1, 2], "shuffled": False}}})
    >>> header, put_back(header, ids)["eval"]["dataset"]["sample_ids"]
    ({'eval': {'dataset': {'sample_ids': None, 'shuffled': False}}}, [1, 2])
    """
    spec = header.get("eval")
    dataset = spec.get("dataset") if isinstance(spec, Mapping) else None
    ids = dataset.get("sample_ids") if isinstance(dataset, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(dataset, Mapping) or not isinstance(ids, list):
        return dict(header), None
    lean = {**header, "eval": {**spec, "dataset": {**dataset, "sample_ids": None}}}
    return lean, _compact(ids)


def put_back(header: Mapping[str, Any], ids: SampleIds | None) -> dict[str, Any]:
    """Return the whole header again."""
    if ids is None:
        return dict(header)
    spec = header["eval"]
    return {**header, "eval": {**spec, "dataset": {**spec["dataset"], "sample_ids": list(ids)}}}


def _compact(ids: list[Any]) -> SampleIds:
    try:
        if all(type(sample_id) is int for sample_id in ids):
            return array("q", ids)
    except OverflowError:
        pass
    # Texts are shared with those of the samples, see `SampleTable`.
    return [sys.intern(sample_id) if type(sample_id) is str else sample_id for sample_id in ids]
