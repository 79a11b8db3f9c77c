"""What a log cannot have any more: samples that never came, and records that retention has removed meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

from evalstream.scorers.jsontext import dumps

from ..events import score_id
from ..tally.run_state import RunState
from ..topics import COMPLETIONS, SCORES
from ..transport.reader import TopicReader
from .score_text import ScoreText

__all__ = ["Losses", "label_of", "never_came"]

REMOVED = "evalstream: this sample's text is gone, retention had removed its completion when the log was written"
SCORE_REMOVED = "evalstream: retention had removed the rest of this score when the log was written"


class Losses:
    """What of a run's records is gone, as of now.

    Parameters
    ----------
    run
        The run.
    reader
        Says where each topic begins.
    """

    def __init__(self, run: RunState, reader: TopicReader) -> None:
        self._run = run
        samples = run.samples
        self._names = run.names()
        self._first = {p: reader.first_offset(COMPLETIONS.name, p) for p in set(samples.partitions)}
        self._first_score = reader.first_offset(SCORES.name, run.partition)
        places = zip(samples.partitions, samples.offsets, strict=True) if any(self._first.values()) else ()
        self.samples = sum(offset < self._first[partition] for partition, offset in places)
        """How many samples have lost their text."""

    def has_lost(self, number: int) -> bool:
        """Tell whether a sample's completion is gone."""
        samples = self._run.samples
        return bool(self.samples and samples.offsets[number] < self._first[samples.partitions[number]])

    def sample(self, number: int) -> dict[str, bytes]:
        """Return what is left of such a sample, as members: enough for the log to open, and to say what happened."""
        samples = self._run.samples
        error = {"message": REMOVED, "traceback": "", "traceback_ansi": ""}
        return {
            "id": dumps(samples.ids[number]), "epoch": dumps(samples.epochs[number]), "input": b'""', "target": b'""',
            "messages": b"[]", "output": b"{}", "error": dumps(error),
        }  # fmt: skip

    def score(self, slot: int, number: int) -> ScoreText | None:
        """Return a score whose event is gone, made of what the state has of it; None if the event is still there."""
        column = self._run.columns[slot]
        if column.offsets[number] >= self._first_score:
            return None
        run, samples = self._run, self._run.samples
        identity = score_id(run.eval_id, run.run_id, samples.ids[number], samples.epochs[number], f"lost from {slot}")
        score = {"value": column.values[number], "explanation": SCORE_REMOVED}
        return ScoreText(self._names[slot], identity, dumps(score))


def never_came(run: RunState) -> Iterator[tuple[str, int]]:
    """Yield id (as text) and epoch of the samples of which nothing came, as far as the eval's start names them."""
    if run.started is None or run.dataset_ids is None:
        return
    seen = {(str(id_), epoch) for id_, epoch in zip(run.samples.ids, run.samples.epochs, strict=True)}
    for epoch in range(1, run.started.epochs + 1):
        for sample_id in run.dataset_ids:
            if (str(sample_id), epoch) not in seen:
                yield str(sample_id), epoch


def label_of(run: RunState, sample_id: str, epoch: int) -> str:
    """Name a sample for people: by its epoch, too, where there are several."""
    several = run.started is not None and run.started.epochs > 1
    return f"sample {sample_id} epoch {epoch}" if several else f"sample {sample_id}"
