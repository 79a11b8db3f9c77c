"""Keys of the table in which a worker keeps its runs; the table's changelog is a topic, so any key may come from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from evalstream.scorers.jsontext import dumps, loads

from ..errors import StateError

if TYPE_CHECKING:
    from .run_state import RunState

__all__ = ["Key", "Kind", "eval_of", "read_key", "run_of_key", "state_key"]

Kind = Literal["start", "rows", "merged", "complete", "given up", "log"]


class Key(NamedTuple):
    """What a table record is about."""

    eval_id: str
    run_id: str
    kind: Kind
    number: int | list[int]
    """Of a segment the offset of its last row; of a merged one the first and the last offset, and the generation."""


def state_key(run: RunState, kind: Kind, number: int | list[int] = 0) -> bytes:
    """Key of one table record of a run: its start, its completion, its log, or one of its numbered segments."""
    return dumps([run.eval_id, run.run_id, kind, number])


def read_key(data: bytes) -> Key:
    """Read a key.

    Raises
    ------
    StateError
        No worker wrote it.

    Examples
    --------
    >>> read_key(b'["eval-1","live","merged",[0,99,3]]')
    Key(eval_id='eval-1', run_id='live', kind='merged', number=[0, 99, 3])
    """
    try:
        key = msgspec.convert(loads(data), Key)
    except (ValueError, msgspec.ValidationError) as error:  # also half of a surrogate pair
        raise StateError(f"not a key of the table ({error})") from error
    if isinstance(key.number, list) != (key.kind == "merged"):
        raise StateError(f"not a key of the table (the number {key.number!r} of {key.kind!r})")
    return key


def run_of_key(data: bytes) -> tuple[str, str]:
    """Return the ids of the eval and the run that a table record is about; empty ones if no worker wrote it.

    Examples
    --------
    >>> run_of_key(b'["eval-1","live","rows",7]'), run_of_key(b"junk")
    (('eval-1', 'live'), ('', ''))
    """
    try:
        return read_key(data)[:2]
    except StateError:
        return "", ""


def eval_of(data: bytes) -> str:
    """Return the id of the eval that a table record is about; "" if no worker wrote it.

    Examples
    --------
    >>> eval_of(b'["eval-1","live","rows",7]')
    'eval-1'
    """
    return run_of_key(data)[0]
