"""Writing a run's log: samples stream through, so that memory does not grow with the log.

Each completion is read again from its topic (or by its claim), cut into members, joined with its scores and written.
Nothing that scoring does not touch is parsed and printed again.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from evalstream.scorers.errors import ScorersError
from evalstream.scorers.jsontext import join_object
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.results.reductions import reduction_plan

from ..claims import ClaimStores
from ..errors import BrokerError, LogContentError, LogOutdatedError, StreamsError
from ..events import LogMaterialised
from ..logs.codec import DEFLATE, ZSTANDARD
from ..logs.order import Places, dataset_order
from ..logs.sample_edit import NewScore, with_scores
from ..logs.summary import summarise
from ..logs.target import LogTarget, create_log
from ..members import unpack_members
from ..scoring.completion import CompletionReader
from ..tally.run_state import FinalResults, RunState
from ..topics import COMPLETIONS, SCORES
from ..transport.reader import TopicReader
from .header import scored_header
from .losses import Losses
from .reduced_text import ReducedText
from .score_text import ScoreText, read_score

__all__ = ["write_log"]


def write_log(
    run: RunState,
    path: Path,
    reader: TopicReader,
    claims: ClaimStores,
    progress: Callable[[int], None] | None = None,
    changes: int | None = None,
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
    changes
        Which state of the run is meant, by its count of changes; None: the present one.

    Raises
    ------
    LogContentError
        What was published makes no log.
    LogOutdatedError
        The state changed while it was written; nothing is left behind.
    LogWriteError
        The log cannot be written; nothing is left behind.
    StreamsError
        A completion cannot be read again.
    """
    try:
        return _Assembly(run, path, reader, claims, run.changes if changes is None else changes).write(progress)
    except _OF_CONTENT as error:
        if isinstance(error, StreamsError):
            raise
        raise LogContentError(path, run.eval_id, error) from error


_OF_CONTENT = (ScorersError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What comes of events that do not fit together, or of a record that is gone: it costs its own run, not the worker."""


class _Assembly:
    def __init__(self, run: RunState, path: Path, reader: TopicReader, claims: ClaimStores, changes: int) -> None:
        ending = run.ending
        if run.started is None or ending is None:
            raise ValueError("a log is written when its eval has started and is complete")
        self._run, self._path, self._reader, self._claims = run, path, reader, claims
        self._started, self._ending = run.started, ending
        self._completions = CompletionReader(claims)
        self._changes = changes
        self._ledger, self._usage = run.ledger(), run.usage()
        self._names = run.names()
        # One entry of the log's reductions each: which scorer, how its epochs are reduced, and as what it is logged.
        self._plan: list[tuple[int, ScoreReducer, dict[str, str]]] = []
        for slot, info in enumerate(run.infos):
            for reducer, name in reduction_plan(info, run.reducers):
                head = {"scorer": self._names[slot]} | ({"reducer": name} if name is not None else {})
                self._plan.append((slot, reducer, head))

    def write(self, progress: Callable[[int], None] | None) -> LogMaterialised:
        self._prepare()
        self._losses = Losses(self._run, self._reader)
        final = self._run.finish()
        target, status = self._begin(final)
        with target:
            for done, number in enumerate(map(int, self._order()), 1):
                self._write_sample(target, number)
                if progress is not None:
                    progress(done)
            if final.results is not None:
                for entry, text in self._reductions():
                    target.add_reduction(entry, text)
            for name, data in unpack_members(self._ending.members).items():
                target.extra(name, data)  # noqa: S610 (not Django)
            self._claims.check()
            # The run belongs to the tally, which may go on meanwhile: a log must not be of two states.
            if self._run.changes != self._changes:
                raise LogOutdatedError(self._path)
            digest = target.commit()
        return LogMaterialised(
            eval_id=self._run.eval_id,
            run_id=self._run.run_id,
            location=str(self._path),
            sha256=digest,
            status=status,
            ledger=self._ledger,
            given_up=self._run.gave_up or None,
            usage=self._usage or None,
        )

    def _prepare(self) -> None:
        """Tell the reader what will be read: a distant broker is asked for it once, and in its own order."""
        samples = self._run.samples
        # Of copies, because an array that numpy looks at cannot grow.
        partitions, offsets = np.array(samples.partitions[:]), np.array(samples.offsets[:])
        for partition in set(partitions.tolist()):
            self._reader.prepare(COMPLETIONS.name, partition, _ascending(offsets[partitions == partition]))
        scores = np.concatenate([np.empty(0, np.int64), *(np.array(column.offsets[:]) for column in self._run.columns)])
        self._reader.prepare(SCORES.name, self._run.partition, _ascending(scores[scores >= 0]))

    def _begin(self, final: FinalResults) -> tuple[LogTarget, str]:
        """Create the log, and return it with its status; the header, which may be large, is let go of."""
        begun = self._run.header()
        header = scored_header(self._run, begun, final.results, final.error, self._losses.samples)
        target = create_log(
            self._path,
            header,
            start={key: value for key, value in begun.items() if key in _OF_START},
            compression=ZSTANDARD if self._started.log.compression == "zstd" else DEFLATE,
            reductions=[head for _, _, head in self._plan],
            prepend_reductions=self._old_reductions(),
        )
        return target, header["status"]

    def _old_reductions(self) -> list[bytes] | None:
        """Return what stands before the new reductions, as one array; None if the log has no reductions at all."""
        old = self._started.reductions
        if old is not None:
            return [self._claims.fetch(old, self._run.eval_id) or b"[]"]
        # Where reduction is off Inspect writes an empty list.
        return [b"[]"] if not self._plan and self._run.infos else None

    def _order(self) -> Places:
        """Return the order in which the log has its samples: the dataset's; a .json keeps its own."""
        if self._path.suffix == ".json":
            return self._run.order()
        samples = self._run.samples
        return dataset_order(samples.ids, samples.epochs, self._run.dataset_ids)

    def _write_sample(self, target: LogTarget, number: int) -> None:
        samples = self._run.samples
        if self._losses.has_lost(number):
            members = self._losses.sample(number)
        else:
            value = self._read(COMPLETIONS.name, samples.partitions[number], samples.offsets[number])
            members = self._completions.members(value)
        edited = with_scores(members, list(self._new_scores(number)), self._started.action)
        text = join_object(edited)
        target.add_sample(samples.ids[number], samples.epochs[number], text, _summary(edited))

    def _new_scores(self, number: int) -> Iterator[NewScore]:
        for slot, column in enumerate(self._run.columns):
            if column.is_scored(number):
                event = self._event(slot, number)
                yield NewScore(event.scorer, event.text, self._started.scorers[slot].options, event.score_id)

    def _reductions(self) -> Iterator[tuple[int, bytes]]:
        """Reduce each scorer's epochs, one sample at a time, in the order in which metrics see them."""
        samples = self._run.samples
        order = self._run.order()
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        for entry, (slot, reducer, _) in enumerate(self._plan):
            column, reduce = self._run.columns[slot], ReducedText(reducer)
            for number in map(int, order):
                epochs = [number]
                if samples.have_epochs:
                    epochs = sorted(samples.epochs_of(samples.ids[number]), key=place.__getitem__)
                epochs = [n for n in epochs if column.is_scored(n)]
                if epochs and epochs[0] == number:
                    texts = [self._event(slot, n).text for n in epochs]
                    yield entry, reduce(texts, samples.ids[number])

    def _event(self, slot: int, number: int) -> ScoreText:
        lost = self._losses.score(slot, number)
        if lost is not None:
            return lost
        offset = self._run.columns[slot].offsets[number]
        return read_score(self._read(SCORES.name, self._run.partition, offset))

    def _read(self, topic: str, partition: int, offset: int) -> bytes:
        try:
            return self._reader.read(topic, partition, offset).value or b""
        except LookupError as error:
            if offset >= self._reader.first_offset(topic, partition):
                raise  # it never was there
            # Retention removed it since we looked; who writes again sees that it is lost.
            raise BrokerError(str(error)) from error


def _summary(members: Mapping[str, bytes]) -> bytes:
    try:
        return summarise(members, members.get("scores"))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        # Some part is of another type than Inspect's. The sample is kept as it came; its row in the list says less.
        return summarise({key: members[key] for key in ("id", "epoch") if key in members})


def _ascending(offsets: Places) -> array[int]:
    offsets = np.sort(offsets)  # np.unique imports a part of numpy that nobody else needs
    return array("q", offsets[np.append(True, offsets[1:] != offsets[:-1])] if len(offsets) else [])


_OF_START = ("version", "eval", "plan")
