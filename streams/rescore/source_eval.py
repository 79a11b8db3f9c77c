"""Which eval on a broker is meant, and what its start and its end say."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from ..errors import UsageError
from ..events import LIVE_RUN, EvalCompleted, EvalStarted
from ..topics import COMPLETIONS, EVALS
from ..transport.client import BrokerClient, batches_of
from ..transport.record import Record

__all__ = ["KnownEval", "SourceEval", "choose", "find_eval"]

READ_BYTES = 8 * 1024 * 1024
NAMED = 8
"""How many evals a message names."""

_of_evals: TypeAdapter[EvalStarted | EvalCompleted] = TypeAdapter(
    Annotated[EvalStarted | EvalCompleted, Field(discriminator="event")]
)


class KnownEval(NamedTuple):
    """An eval on ``evals``: its task, and partition and offset of its start and its end, where they have come."""

    task: str = ""
    started: tuple[int, int] | None = None
    completed: tuple[int, int] | None = None


@dataclass(frozen=True)
class SourceEval:
    """An eval that has ended."""

    started: EvalStarted
    completed: EvalCompleted

    @property
    def eval_id(self) -> str:
        """Its id."""
        return self.started.eval_id

    @property
    def task(self) -> str:
        """Its task's name, or its id if it says none."""
        return str((self.started.header.get("eval") or {}).get("task") or self.eval_id)


def find_eval(client: BrokerClient, wanted: str, broker: str) -> SourceEval:
    """Find an eval and read what is known of it.

    Parameters
    ----------
    client
        The broker.
    wanted
        Its id, the beginning of it, or the name of its task.
    broker
        What the broker is called in messages.

    Raises
    ------
    UsageError
        There is no such eval, there are several, or it has not ended.
    BrokerError
        The broker cannot be read.
    """
    for topic in (EVALS.name, COMPLETIONS.name):
        if client.partitions(topic) == 0:
            raise UsageError(
                f"There is no topic {topic!r} on {broker}, so nothing to score anew: check --broker and --topic-prefix."
            )
    known = _known(client)
    eval_id = choose(known, wanted, broker)
    found = known[eval_id]
    if found.started is None:
        raise UsageError(f"The start of eval {eval_id!r} is not on {broker}: publish the eval again.")
    if found.completed is None:
        raise UsageError(
            f"Eval {eval_id!r} is still running: score it anew when it has ended, which"
            f" `evalstream runs --eval {eval_id}` tells."
        )
    return SourceEval(
        EvalStarted.model_validate_json(_read(client, found.started)),
        EvalCompleted.model_validate_json(_read(client, found.completed)),
    )


def choose(known: Mapping[str, KnownEval], wanted: str, broker: str) -> str:
    """Return the id of the eval that is meant: by its id, else by the beginning of it, else by its task.

    Raises
    ------
    UsageError
        None is meant, or several; the message names them, or the ones that look like it.

    Examples
    --------
    >>> known = {"abc1": KnownEval("sums"), "abd2": KnownEval("words")}
    >>> choose(known, "abc", "here"), choose(known, "words", "here")
    ('abc1', 'abd2')
    """
    if wanted in known:
        return wanted
    for found in (
        [eval_id for eval_id in known if wanted and eval_id.startswith(wanted)],
        [eval_id for eval_id, one in known.items() if one.task == wanted],
    ):
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{wanted!r} may be {_listed(known, found)}: name one of them by its id.")
    if not known:
        raise UsageError(f"There are no evals on {broker} yet: `evalstream publish` brings one.")
    names = [*known, *(one.task for one in known.values() if one.task)]
    near = set(difflib.get_close_matches(wanted, names, n=NAMED))
    alike = [eval_id for eval_id, one in known.items() if {eval_id, one.task} & near]
    hint = f"Did you mean {_listed(known, alike)}?" if alike else f"There is {_listed(known, list(known))}."
    raise UsageError(f"{broker} knows no eval {wanted!r}. {hint}")


def _listed(known: Mapping[str, KnownEval], eval_ids: list[str]) -> str:
    """Name the newest few of some evals."""
    shown = [f"{eval_id!r} ({known[eval_id].task})" if known[eval_id].task else repr(eval_id) for eval_id in eval_ids]
    more = len(shown) - NAMED
    return ", ".join(shown[-NAMED:]) + (f" and {more} more" if more > 0 else "")


def _known(client: BrokerClient) -> dict[str, KnownEval]:
    """Read all of ``evals``, and keep where things are: starts may be long, and there may be many."""
    known: dict[str, KnownEval] = {}
    for partition, record in _records(client):
        try:
            event = _of_evals.validate_json(record.value or b"")
        except ValidationError:
            continue
        if event.run_id != LIVE_RUN:
            continue
        place, one = (partition, record.offset), known.get(event.eval_id, KnownEval())
        # The first of each counts, as it does for the tally.
        if isinstance(event, EvalCompleted):
            one = one._replace(completed=one.completed or place)
        elif one.started is None:
            one = one._replace(task=str((event.header.get("eval") or {}).get("task") or ""), started=place)
        known[event.eval_id] = one
    return known


def _records(client: BrokerClient) -> Iterator[tuple[int, Record]]:
    for partition in range(client.partitions(EVALS.name)):
        for records in batches_of(client, EVALS.name, partition):
            yield from ((partition, record) for record in records)


def _read(client: BrokerClient, place: tuple[int, int]) -> bytes:
    partition, offset = place
    for record in client.read(EVALS.name, partition, offset, 1, READ_BYTES):
        if record.offset == offset:
            return record.value or b""
    raise UsageError("The eval was published again just now: try again.")
