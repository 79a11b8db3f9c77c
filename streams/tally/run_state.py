"""All that is known of one scoring run: which scores came, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from evalstream.scorers.errors import ScorersError
from evalstream.scorers.reducer import ScoreReducer
from evalstream.scorers.registry import unqualified
from evalstream.scorers.results.models import EvalResults, EvalScore
from evalstream.scorers.results.scorer_info import ScorerInfo

from ..events import EvalCompleted, EvalGivenUp, EvalStarted, LedgerEntry, LogMaterialised, ScorerUsage
from ..logs.order import Places, rescore_order
from ..scoring.instances import Instances
from .column import OutcomeColumn
from .dataset_ids import put_back, take_out
from .rows import SCORED, DeadRow, ReadRow, Row, ScoreRow
from .run_metrics import LoadScore, RunMetrics
from .samples import SampleTable

__all__ = ["FinalResults", "RunState"]


@dataclass(frozen=True)
class FinalResults:
    """A run's results, or why there are none: a metric or reducer that failed."""

    results: EvalResults | None
    error: str | None = None


class RunState:
    """The state of one run, a function of the rows and events that were applied to it, in whatever order they came.

    Of several rows for one score the first by its offset on ``scores`` counts that is no failure, else the first
    failure. A completion that could not be read is dead until one of the same bytes can.

    Parameters
    ----------
    eval_id, run_id
        Which run.
    load_score
        Reads an event of ``scores`` again by its offset; only metrics and reducers of users need whole scores.
    partition
        Where its events are, of each topic.
    instances
        May have the metrics and reducers already made.

    Attributes
    ----------
    dataset_ids
        The dataset's sample ids, which ``started`` lists no more; see `header`.
    rows
        The result rows that were published last.
    changes
        Grows with every change of what is counted.
    given_up
        That nobody waits any more for what is missing; see `gave_up`.
    abandoned
        Why the log was not written, and will not be by this worker.
    problem
        Why there are no metrics: the eval asks for some that are not registered here. Its samples are counted all the
        same.
    """

    def __init__(
        self,
        eval_id: str,
        run_id: str,
        load_score: LoadScore,
        partition: int = 0,
        instances: Instances | None = None,
    ) -> None:
        self.eval_id, self.run_id, self.partition = eval_id, run_id, partition
        self._instances = instances
        self.started: EvalStarted | None = None
        self.dataset_ids: Sequence[Any] | None = None
        self.completed: EvalCompleted | None = None
        self.given_up: EvalGivenUp | None = None
        self.materialised: LogMaterialised | None = None
        self.samples = SampleTable()
        self.columns: list[OutcomeColumn] = []
        self.dead: dict[str, DeadRow] = {}
        self.revived: set[str] = set()
        self.duplicates = self.changes = 0
        self.final: FinalResults | None = None
        self.problem: str | None = None
        self.abandoned: str | None = None
        self.rows: list[dict[str, Any]] = []
        self._load_score = load_score
        self._metrics: RunMetrics | None = None

    def start(self, event: EvalStarted) -> bool:
        """Take in what is known of the eval; a second start of the same run changes nothing, and gives False.

        A metric or reducer that is not registered here is a `problem` of the run, and no error: recovery meets it
        again.
        """
        if self.started is not None:
            return False
        del self.columns[len(event.scorers) :]
        header, self.dataset_ids = take_out(event.header)
        self.started = event.model_copy(update={"header": header})
        try:
            self._metrics = RunMetrics(self.started, self.samples, self.columns, self._load_score, self._instances)
        except Exception as error:  # noqa: BLE001 (an event may ask for anything; this run has no metrics then)
            self.problem = str(error) if isinstance(error, ScorersError) else f"{type(error).__name__}: {error}"
        return True

    @property
    def infos(self) -> Sequence[ScorerInfo]:
        """For each scorer, what its metrics are; none before the start, and none if there is a `problem`."""
        return self._metrics.infos if self._metrics else []

    @property
    def reducers(self) -> Sequence[ScoreReducer] | None:
        """How epochs are reduced: None for the mean, empty for not at all."""
        return self._metrics.reducers if self._metrics else None

    def header(self) -> dict[str, Any]:
        """Return the log's header as far as it was known at the start."""
        return put_back(self.started.header, self.dataset_ids) if self.started else {}

    def complete(self, event: EvalCompleted) -> bool:
        """Take in that the eval is over; a second completion changes nothing, and gives False."""
        if self.completed is not None:
            return False
        self.completed = event
        self._changed()
        return True

    def give_up(self, event: EvalGivenUp) -> bool:
        """Take in that what is missing is not waited for; of several words of it the one that knew most counts."""
        if self.given_up is not None and self.given_up.received >= event.received:
            return False
        self.given_up = event
        self._changed()
        return True

    @property
    def gave_up(self) -> bool:
        """Tell whether something is missing that is not waited for any more."""
        if self.given_up is None or self.received > self.given_up.received:
            return False
        return self.completed is None or self.received < self.completed.samples

    @property
    def ending(self) -> EvalCompleted | None:
        """How the eval ended; for one that was given up, an end made up for it; None while it goes on."""
        if self.completed is None and self.gave_up:
            return EvalCompleted(eval_id=self.eval_id, run_id=self.run_id, status="error", samples=self.received)
        return self.completed

    def revive(self, identity: str | None) -> ReadRow | None:
        """Take in that a completion can be read; return the row that says so if it had been dead."""
        if not self.dead or identity not in self.dead:  # mostly the run has no dead ones
            return None
        row = ReadRow(identity)
        self.apply(row)
        return row

    def apply(self, row: Row) -> bool:
        """Take in a row; False if it changes nothing, because what it says, or better, had been counted."""
        if isinstance(row, ReadRow):
            new = row.identity not in self.revived
            self.revived.add(row.identity)
            self.dead.pop(row.identity, None)
        elif isinstance(row, DeadRow):
            new = row.identity not in self.dead and row.identity not in self.revived
            if new:
                self.dead[row.identity] = row
        else:
            return self._apply_score(row)
        self.duplicates += not new
        if new:
            self._changed()
        return new

    def _apply_score(self, row: ScoreRow) -> bool:
        if self.started is not None and row.slot >= len(self.started.scorers):
            return False  # a completion asked for more scorers than its eval has
        while len(self.columns) <= row.slot:
            self.columns.append(OutcomeColumn())
        column = self.columns[row.slot]
        number = self.samples.number(row.sample_id, row.epoch, row.completion, row.errored, row.rank)
        if column.has(number):
            if column.rank(number) <= row.rank:
                self.duplicates += 1
                return False
            self._take_back(row.slot, number)
        self._changed()
        metrics = self._metrics if row.outcome == SCORED else None
        before = metrics.scored_before(row.slot, row.sample_id) if metrics else []
        column.set(number, row, self._metrics is None or self._metrics.keeps_metadata(row.slot))
        if metrics:
            metrics.scored(row, number, before)
        return True

    def _take_back(self, slot: int, number: int) -> None:
        """Stop counting an outcome that another one is to replace."""
        column, sample_id = self.columns[slot], self.samples.ids[number]
        metrics = self._metrics if column.is_scored(number) else None
        before = metrics.scored_before(slot, sample_id) if metrics else []
        column.take_back(number)
        if metrics:
            metrics.taken_back(slot, sample_id, number, before)

    def _changed(self) -> None:
        self.changes += 1
        self.final = None

    @property
    def expected(self) -> int | None:
        """Sample-epochs that there are, as far as it is known."""
        if self.completed is not None:
            return self.completed.samples
        return self.started.expected if self.started else None

    @property
    def received(self) -> int:
        """Sample-epochs of which anything came."""
        return len(self.samples) + len(self.dead)

    @property
    def failed(self) -> int:
        """Outcomes that are failures, and completions that could not be read."""
        return sum(column.failed for column in self.columns) + len(self.dead)

    def names(self) -> list[str]:
        """Names of the scorers, as the samples have them (most of them, if they differ)."""
        declared = [unqualified(spec.name) for spec in self.started.scorers] if self.started else []
        declared[: len(self.infos)] = [info.name for info in self.infos]
        names = []
        for slot, column in enumerate(self._all_columns()):
            # A tie goes by name, or the order of arrival would tell.
            counts = sorted((-count, name) for name, count in column.names.items())
            names.append(counts[0][1] if counts else declared[slot] if slot < len(declared) else f"scorer{slot}")
        return names

    def _all_columns(self) -> Iterator[OutcomeColumn]:
        yield from self.columns
        for _ in range(len(self.columns), len(self.started.scorers) if self.started else 0):
            yield OutcomeColumn()

    def ledger(self) -> list[LedgerEntry]:
        """Account for every expected sample-epoch, scorer by scorer."""
        return [
            LedgerEntry(
                scorer=name,
                expected=self.expected,
                received=column.received + len(self.dead),
                scored=column.scored + column.without,
                unscored=column.unscored + column.without,
                failed=column.failed,
                dead_lettered=len(self.dead),
            )
            for name, column in zip(self.names(), self._all_columns(), strict=True)
        ]

    def usage(self) -> list[ScorerUsage]:
        """Tell what the scores that count took of models, scorer by scorer."""
        return [
            told for name, column in zip(self.names(), self.columns, strict=False) for told in column.usage.told(name)
        ]

    def balances(self) -> bool:
        """Tell whether everything is known and accounted for: the log can be sealed."""
        ending = self.ending
        if self.started is None or ending is None:
            return False
        total = self.received if self.gave_up else ending.samples
        return self.received >= total and all(e.scored + e.failed + e.dead_lettered >= total for e in self.ledger())

    def log_holds(self) -> bool:
        """Tell whether there is a log, and nothing has changed since that it would have to say.

        The ledger tells: samples only ever come, or pass from a column into a better one. And whether the eval had been
        given up: then its end says something new.
        """
        log = self.materialised
        return log is not None and bool(log.given_up) == self.gave_up and log.ledger == self.ledger()

    def running_rows(self) -> list[EvalScore]:
        """Return metrics over the scores seen so far, as result rows; metrics of users are computed anew."""
        return self._metrics.running_rows(self.names()) if self._metrics else []

    def partial(self) -> int:
        """Count samples some of whose epochs are missing, so that their reduced scores are not their last."""
        return self._metrics.partial() if self._metrics else 0

    def order(self) -> Places:
        """Return the numbers of the samples in the order in which metrics see them."""
        return self._metrics.order() if self._metrics else rescore_order(self.samples.ids, self.samples.epochs)

    def finish(self) -> FinalResults:
        """Return the final results, computed once; a metric's failure is part of them."""
        if self.final is None and self.problem is not None:
            self.final = FinalResults(None, self.problem)
        if self.final is None:
            try:
                self.final = FinalResults(self.results())
            except (ScorersError, ValidationError) as error:
                self.final = FinalResults(None, str(error))
        return self.final

    def results(self) -> EvalResults:
        """Return the final results; errors as in `RunMetrics.results`."""
        if self._metrics is None:
            raise ScorersError(self.problem or "the eval has not started")
        completed = self.received - sum(self.samples.errored) - len(self.dead)
        return self._metrics.results(self.names(), self.received, completed)
