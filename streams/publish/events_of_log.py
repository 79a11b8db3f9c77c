"""A log as the events that an eval would have published while it ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from evalstream.scorers.jsontext import JsonTextError, dumps, join_object, loads, split_object

from ..errors import LogError
from ..events import LIVE_RUN, Claim, EvalCompleted, EvalGivenUp, EvalStarted, LogShape, SampleCompleted
from ..logs.codec import ZSTANDARD
from ..logs.order import rescore_order
from ..logs.source import LogSource
from ..members import pack_members
from ..transport.record import NewRecord
from .plan import ScoringPlan

if TYPE_CHECKING:  # a command on one log has no use for it
    from ..blobs.claim_check import ClaimCheck
    from ..sandboxes.printing import Snapshots

__all__ = ["LogEvents", "eval_id_of", "of_eval"]

_OF_START = ("version", "eval", "plan", "tags", "metadata")
_OF_RESULTS = ("early_stopping", "metadata", "logged_samples")


def of_eval(event: EvalStarted | EvalCompleted | EvalGivenUp) -> NewRecord:
    """Make the record of an eval's start or end.

    ``evals`` is compacted: of one key the last record stays. So start and end have a key each, and the eval's id
    chooses the partition.
    """
    key = f"{event.eval_id}/{event.run_id}/{event.event.removeprefix('eval_')}".encode(errors="replace")
    return NewRecord(key, event.to_bytes(), place=event.eval_id.encode(errors="replace"))


class LogEvents:
    """The events of one log.

    Parameters
    ----------
    source
        The log.
    plan
        What it is to be scored with.
    run_id
        The run under which it is published.
    claim_store
        Name of a claim store that serves the log's samples by number; None sends them in the events. With claims the
        samples keep the scores that they have (which an appending run needs), and are read only once they are scored.
    large
        Takes the samples that are too large for a message; None sends them all the same.
    snapshots
        Captures the files that come with the samples.
    """

    def __init__(
        self,
        source: LogSource,
        plan: ScoringPlan,
        run_id: str = LIVE_RUN,
        claim_store: str | None = None,
        large: ClaimCheck | None = None,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._source, self._plan, self._run_id, self._claim_store = source, plan, run_id, claim_store
        self._large, self._snapshots = large, snapshots
        self.eval_id = eval_id_of(source.header)

    def started(self) -> EvalStarted:
        """Return the eval's start: its header as far as it does not depend on the end."""
        header = self._source.header
        known: dict[str, Any] = {key: header[key] for key in _OF_START if key in header}
        results = header.get("results") or {}
        appends = self._plan.action == "append"
        kept = results if appends else {k: results[k] for k in _OF_RESULTS if results.get(k) is not None}
        if kept:
            known["results"] = kept
        reductions = Claim(store=self._claim_store, key="reductions") if appends and self._claim_store else None
        return EvalStarted(
            eval_id=self.eval_id,
            run_id=self._run_id,
            header=known,
            scorers=self._plan.scorers,
            reducers=self._plan.reducers,
            epochs=self._plan.epochs,
            expected=self._source.sample_count,
            action=self._plan.action,
            order=self._order(),
            reductions=reductions,
            log=LogShape(
                format=self._source.format, compression="zstd" if self._source.compression == ZSTANDARD else "deflate"
            ),
        )

    def _order(self) -> list[tuple[str, int]] | None:
        """Return the file's order of samples if metrics depend on it.

        Inspect sorts the samples of a `.eval` when it reads them, and takes those of a `.json` as they come.
        """
        if self._source.format != "json":
            return None
        keys = list(self._source.keys())
        ids = [_typed(text) for text, _ in keys]
        usual = rescore_order(ids, [epoch for _, epoch in keys])
        return None if usual.tolist() == list(range(len(keys))) else keys

    def completed(self) -> EvalCompleted:
        """Return the eval's end: the header's other fields, and the members that only the log's readers know."""
        header = self._source.header
        rest = {k: v for k, v in header.items() if k not in (*_OF_START, "results", "status")}
        return EvalCompleted(
            eval_id=self.eval_id,
            run_id=self._run_id,
            status=header.get("status", "success"),
            samples=self._source.sample_count,
            header=rest,
            members=pack_members(self._source.extra_members()),
        )

    def completions(self, order: Iterable[int] | None = None) -> Iterator[NewRecord]:
        """Yield one completion for each sample.

        Parameters
        ----------
        order
            Numbers of samples; the log's own order by default.

        Raises
        ------
        BlobError
            A large sample finds no place.
        """
        spec = self._source.header.get("eval") or {}
        roles = spec.get("model_roles")
        # All completions of a log differ in the sample only: the rest is printed once.
        common = SampleCompleted(
            eval_id=self.eval_id,
            run_id=self._run_id,
            scorers=self._plan.scorers,
            append=self._plan.action == "append",
            model=str(spec.get("model") or ""),
            model_roles=roles if isinstance(roles, dict) and roles else None,
            multiple_correct=self._plan.multiple_correct,
        )
        opening = common.to_bytes()[:-1] + b","
        prefix = self.eval_id + "/"
        if self._claim_store is not None:
            opening += b'"claim":{"store":' + dumps(self._claim_store) + b',"key":"'
            for number in order if order is not None else range(self._source.sample_count):
                files = b"" if self._snapshots is None else b',"sandboxes":' + self._snapshots.of_number(number)
                yield NewRecord(f"{prefix}{number}".encode(), opening + str(number).encode() + b'"}' + files + b"}")
            return
        for number in order if order is not None else range(self._source.sample_count):
            try:
                members = split_object(self._source.read_sample(number))
            except (JsonTextError, LogError) as error:
                # It must be counted all the same, or the ledger would never balance.
                name = self._source.sample_name(number)
                reason = dumps(f"{name}: {error}" if isinstance(error, JsonTextError) else str(error))
                yield NewRecord((prefix + name).encode(errors="replace"), opening + b'"unreadable":' + reason + b"}")
                continue
            members.pop("scores", None)
            sample_id = str(loads(members.get("id", b"null")))
            key = (prefix + sample_id).encode(errors="replace")
            files = b"" if self._snapshots is None else self._files(self._snapshots, sample_id, members)
            sample = self._sample_field(members, len(key) + len(opening) + len(files))
            yield NewRecord(key, opening + sample + files + b"}")

    def _files(self, snapshots: Snapshots, sample_id: str, members: dict[str, bytes]) -> bytes:
        """Print the field that holds the files of a sample's sandboxes."""
        epoch = loads(members.get("epoch", b"1"))
        return b',"sandboxes":' + snapshots.of_sample(self.eval_id, sample_id, epoch if isinstance(epoch, int) else 1)

    def _sample_field(self, members: dict[str, bytes], besides: int) -> bytes:
        """Print the field that holds the sample, or says where it is.

        Parameters
        ----------
        besides
            Bytes of the record without it.
        """
        sample = join_object(members)
        if self._large is None or not self._large.wanted(besides + len(sample)):
            return b'"sample":' + sample
        refused = self._large.refuses(sample)
        if refused is not None:
            return b'"unreadable":' + dumps(refused)
        return b'"claim":' + self._large.take(self.eval_id, sample).model_dump_json().encode()


def _typed(text: str) -> str | int:
    return int(text) if text.isdecimal() and str(int(text)) == text else text


def eval_id_of(header: dict[str, Any]) -> str:
    """Return the eval's id; older logs have none, then one is made of what names the eval."""
    spec = header.get("eval") or {}
    given = spec.get("eval_id")
    if given:
        return str(given)
    return "_".join(str(spec.get(key) or "") for key in ("run_id", "task_id", "created")).strip("_") or "eval"
