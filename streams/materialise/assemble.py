"""Writing a run's log: samples stream through, so that memory does not grow with the log.

Each completion is read again from its topic (or by its claim), cut into members, joined with its scores and written. Nothing
that scoring does not touch is parsed and printed again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

from evalstream.scorers.jsontext import dumps, join_object, loads, split_object
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.reducers.names import reducer_log_name
from evalstream.scorers.results.reductions import reduction_entry, reduction_plan
from evalstream.scorers.score import Score

from ..claims import ClaimStores
from ..events import LogMaterialised
from ..logs.order import dataset_order, rescore_order
from ..logs.sample_edit import NewScore, with_scores
from ..logs.summary import summarise
from ..logs.codec import DEFLATE, ZSTANDARD
from ..logs.target import LogTarget, create_log
from ..members import unpack_members
from ..scoring.completion import read_members
from ..tally.run_state import RunState
from ..topics import COMPLETIONS, SCORES
from ..transport.reader import TopicReader
from .header import scored_header

__all__ = ["write_log"]


def write_log(
    run: RunState,
    path: Path,
    reader: TopicReader,
    claims: ClaimStores,
    progress: Callable[[int], None] | None = None,
) -> LogMaterialised:
    """Write the log of a complete run; the same state gives the same bytes.

    Parameters
    ----------
    run
        A run whose ledger balances.
    path
        Where the log goes; what is there stays until the new log is complete.
    reader, claims
        Where completions and scores are read again.
    progress
        Called with the number of samples written so far.

    Raises
    ------
    LogWriteError
        The log cannot be written; nothing is left behind.
    StreamsError
        A completion cannot be read again.
    """
    return _Assembly(run, path, reader, claims).write(progress)


class _Assembly:
    def __init__(self, run: RunState, path: Path, reader: TopicReader, claims: ClaimStores) -> None:
        if run.started is None or run.completed is None:
            raise ValueError("a log is written when its eval has started and is complete")
        self._run, self._path, self._reader, self._claims = run, path, reader, claims
        self._started, self._completed = run.started, run.completed
        self._names = run.names()
        # One entry of the log's reductions each: which scorer, and how its epochs are reduced.
        self._plan: list[tuple[int, ScoreReducer]] = [
            (slot, reducer) for slot, info in enumerate(run.infos) for reducer, _ in reduction_plan(info, run.reducers)
        ]

    def write(self, progress: Callable[[int], None] | None) -> LogMaterialised:
        final = self._run.finish()
        header = scored_header(self._run, final.results, final.error)
        old = self._started.reductions
        with create_log(
            self._path,
            header,
            start={key: self._started.header[key] for key in _OF_START if key in self._started.header},
            compression=ZSTANDARD if self._started.log.compression == "zstd" else DEFLATE,
            reductions=[
                {"scorer": self._names[slot], "reducer": reducer_log_name(reducer)} for slot, reducer in self._plan
            ],
            prepend_reductions=[self._claims.fetch(old)] if old is not None else None,
        ) as target:
            for done, number in enumerate(self._order(), 1):
                self._write_sample(target, number)
                if progress is not None:
                    progress(done)
            if final.results is not None:
                for entry, text in self._reductions():
                    target.add_reduction(entry, text)
            for name, data in unpack_members(self._completed.members).items():
                target.extra(name, data)
            digest = target.commit()
        return LogMaterialised(
            eval_id=self._run.eval_id,
            run_id=self._run.run_id,
            location=str(self._path),
            sha256=digest,
            status=header["status"],
            ledger=self._run.ledger(),
        )

    def _order(self) -> list[int]:
        samples = self._run.samples
        dataset = ((self._started.header.get("eval") or {}).get("dataset") or {}).get("sample_ids")
        return dataset_order(samples.ids, samples.epochs, dataset)

    def _write_sample(self, target: LogTarget, number: int) -> None:
        samples = self._run.samples
        record = self._reader.read(COMPLETIONS.name, samples.partitions[number], samples.offsets[number])
        members = read_members(record.value or b"", self._claims)
        edited = with_scores(members, list(self._new_scores(number)), self._started.action)
        text = join_object(edited)
        target.add_sample(samples.ids[number], samples.epochs[number], text, summarise(edited, edited.get("scores")))

    def _new_scores(self, number: int) -> Iterator[NewScore]:
        for slot, column in enumerate(self._run.columns):
            if column.is_scored(number):
                record = self._reader.read(SCORES.name, 0, column.offsets[number])
                event = split_object(record.value or b"")
                spec = self._started.scorers[slot]
                name = loads(event["scorer"])
                yield NewScore(name, event["score"], spec.options, loads(event["score_id"]))

    def _reductions(self) -> Iterator[tuple[int, bytes]]:
        """Reduce each scorer's epochs, one sample at a time, in Inspect's order of samples."""
        samples = self._run.samples
        order = rescore_order(samples.ids, samples.epochs)
        place = array("l", bytes(array("l").itemsize * len(order)))
        for position, number in enumerate(order):
            place[number] = position
        for entry, (slot, reducer) in enumerate(self._plan):
            column = self._run.columns[slot]
            for number in order:
                epochs = [n for n in samples.epochs_of(samples.ids[number]) if column.is_scored(n)]
                epochs.sort(key=place.__getitem__)
                if epochs and epochs[0] == number:
                    scores = [self._score(column.offsets[n]) for n in epochs]
                    yield entry, dumps(reduction_entry(reducer, scores, samples.ids[number]))

    def _score(self, offset: int) -> Score:
        event = split_object(self._reader.read(SCORES.name, 0, offset).value or b"")
        return Score.model_validate_json(event["score"])


_OF_START = ("version", "eval", "plan")
