"""The sample-epochs of a run in compact columns: a running number for each, its id, and where its completion stands."""

from __future__ import annotations

import sys
from array import array

__all__ = ["SampleTable"]

_FREE = -1
_SMALLEST = 1024
MOST_DIGITS = 4300


class SampleTable:
    """Numbers sample-epochs in order of arrival.

    Memory is some 70 bytes a sample-epoch, so that a run of 100,000 fits beside everything else: a dict from ids to
    numbers alone would take more.

    Examples
    --------
    >>> table = SampleTable()
    >>> [table.number(i, epoch, (0, 7), False) for i, epoch in ((1, 1), ("a", 1), (1, 2), (1, 1))]
    [0, 1, 2, 0]
    >>> table.epochs_of(1), list(table.ids)
    ([0, 2], [1, 'a', 1])
    """

    def __init__(self) -> None:
        self.ids: array[int] | list[str | int] = array("q")
        self.epochs = array("i")
        self.partitions = array("i")
        self.offsets = array("q")
        self.errored = bytearray()
        self._ranks = array("q")
        self.have_epochs = False
        """Some sample has more than one number: its epochs, or ids 1 and "1"."""
        self._epochs: set[int] = set()
        self._types: set[type] = set()
        # Open addressing: the place of a sample-epoch follows from its hash, or is the next one that is free.
        self._places = array("i", [_FREE]) * _SMALLEST

    def __len__(self) -> int:
        return len(self.ids)

    def number(
        self, sample_id: str | int, epoch: int, completion: tuple[int, int], errored: bool, rank: int = 0
    ) -> int:
        """Return the number of a sample-epoch, a new one at first sight.

        Of several completions of one sample-epoch that of the smallest ``rank`` is kept, else the first one seen.
        """
        place = self._place(sample_id, epoch)
        number = self._places[place]
        if number == _FREE:
            number = self._places[place] = len(self.ids)
            self._append_id(sys.intern(sample_id) if isinstance(sample_id, str) else sample_id)
            self.epochs.append(epoch)
            self.partitions.append(completion[0])
            self.offsets.append(completion[1])
            self.errored.append(errored)
            self._ranks.append(rank)
            self._epochs.add(epoch)
            self._types.add(type(sample_id))
            self.have_epochs = len(self._epochs) > 1 or len(self._types) > 1
            if 3 * number > 2 * len(self._places):
                self._widen()
        elif rank < self._ranks[number]:
            self._ranks[number] = rank
            self.partitions[number], self.offsets[number] = completion
            self.errored[number] = errored
        return number

    def epochs_of(self, sample_id: str | int) -> list[int]:
        """Return the numbers of a sample's epochs that have been seen, in the order of the epochs.

        Ids 1 and "1" are one sample here, as in Inspect's reductions.
        """
        places = [self._place(same, epoch) for epoch in sorted(self._epochs) for same in _alike(sample_id)]
        return [number for number in map(self._places.__getitem__, places) if number != _FREE]

    def _place(self, sample_id: str | int, epoch: int) -> int:
        """Return where the number of a sample-epoch is, or would be."""
        places, ids, epochs = self._places, self.ids, self.epochs
        mask = len(places) - 1
        place = hash((sample_id, epoch)) & mask
        while (number := places[place]) != _FREE and (ids[number] != sample_id or epochs[number] != epoch):
            place = (place + 1) & mask
        return place

    def _append_id(self, sample_id: str | int) -> None:
        try:
            self.ids.append(sample_id)  # type: ignore[arg-type]
        except (TypeError, OverflowError):  # a text, or more than 64 bits
            self.ids = [*self.ids, sample_id]

    def _widen(self) -> None:
        self._places = array("i", [_FREE]) * (2 * len(self._places))
        for number in range(len(self.ids)):
            self._places[self._place(self.ids[number], self.epochs[number])] = number


def _alike(sample_id: str | int) -> tuple[str | int, ...]:
    if isinstance(sample_id, int):
        return sample_id, str(sample_id)
    # Of more digits Python makes no number.
    if len(sample_id) <= MOST_DIGITS and sample_id.isdecimal() and str(int(sample_id)) == sample_id:
        return int(sample_id), sample_id
    return (sample_id,)
