"""The sample-epochs of a run in compact columns: a running number for each, its id, and where its completion stands."""

from __future__ import annotations

import sys
from array import array

__all__ = ["SampleTable"]


class SampleTable:
    """Numbers sample-epochs in order of arrival.

    Memory is some 100 bytes a sample-epoch, so that a run of 100,000 fits beside everything else.
    """

    def __init__(self) -> None:
        self.ids: list[str | int] = []
        self.epochs = array("l")
        self.partitions = array("l")
        self.offsets = array("q")
        self.errored = bytearray()
        self.have_epochs = False
        """Some sample has more than one number: its epochs, or ids 1 and "1"."""
        self._numbers: dict[int, dict[str | int, int]] = {}
        self._types: set[type] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, sample_id: str | int, epoch: int, completion: tuple[int, int], errored: bool) -> int:
        """Return the number of a sample-epoch, a new one at first sight; the first completion seen is the one kept."""
        of_epoch = self._numbers.setdefault(epoch, {})
        number = of_epoch.get(sample_id)
        if number is None:
            sample_id = sys.intern(sample_id) if isinstance(sample_id, str) else sample_id
            number = of_epoch[sample_id] = len(self.ids)
            self._types.add(type(sample_id))
            self.have_epochs = len(self._numbers) > 1 or len(self._types) > 1
            self.ids.append(sample_id)
            self.epochs.append(epoch)
            self.partitions.append(completion[0])
            self.offsets.append(completion[1])
            self.errored.append(errored)
        return number

    def epochs_of(self, sample_id: str | int) -> list[int]:
        """Return the numbers of a sample's epochs that have been seen, in the order of the epochs.

        Ids 1 and "1" are one sample here, as in Inspect's reductions.
        """
        alike = _alike(sample_id)
        return [of_epoch[same] for _, of_epoch in sorted(self._numbers.items()) for same in alike if same in of_epoch]


def _alike(sample_id: str | int) -> tuple[str | int, ...]:
    if isinstance(sample_id, int):
        return sample_id, str(sample_id)
    if sample_id.isdecimal() and str(int(sample_id)) == sample_id:
        return int(sample_id), sample_id
    return (sample_id,)
