"""Taking letters off the shelf: sent again to where they came from, or given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ..errors import UsageError
from ..topics import COMPLETIONS, DEAD_LETTERS
from ..transport.client import BrokerClient
from ..transport.record import NewRecord
from .letter import Letter, original_headers
from .shelf import Mark, mark, value_of

__all__ = ["chosen", "drop", "requeue"]

BATCH_RECORDS = 200
BATCH_BYTES = 4 * 1024 * 1024


def chosen(letters: dict[str, Letter], ids: Sequence[str], eval_id: str | None, stage: str | None) -> list[Letter]:
    """Return those letters that are named (the beginning of an id will do) and fit.

    Raises
    ------
    UsageError
        There is no letter of that id, or several begin so.
    """
    named = [_named(letters, text) for text in ids] if ids else list(letters.values())
    return [
        letter
        for letter in dict.fromkeys(named)
        if (eval_id is None or letter.is_of(eval_id)) and (stage is None or letter.stage == stage)
    ]


def _named(letters: dict[str, Letter], text: str) -> Letter:
    found = [letter for key, letter in letters.items() if key.startswith(text)] if text else []
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} dead letters begin with {text!r}: give more of the id.")
    raise UsageError(f"There is no dead letter {text!r}: `evalstream dead-letters list` shows those that there are.")


def requeue(client: BrokerClient, letters: Iterable[Letter]) -> int:
    """Send letters again, byte for byte, to the topic that they came from; return how many were taken off the shelf.

    The copy is durable before its letter is marked. A crash in between leaves the letter on the shelf, and a record
    that is scored twice, which counts once.

    Raises
    ------
    UsageError
        A letter says that it came from a topic that none can come from.
    """
    letters = list(letters)
    for letter in letters:
        # The headers are anybody's: a letter must not become a message on another topic.
        if letter.topic != COMPLETIONS.name:
            raise UsageError(
                f"Dead letter {letter.id} says that it came from {letter.topic!r}, but evalstream sends back to"
                f" {COMPLETIONS.name!r} only. Nothing was requeued: drop that letter, or choose others."
            )
    sent: set[str] = set()

    def copy(letter: Letter) -> NewRecord | None:
        if letter.record in sent:
            return None  # the same record, dead in two stages
        sent.add(letter.record)
        record = value_of(client, letter)
        return NewRecord(record.key, record.value, original_headers(record.headers))

    return _take_off(client, letters, "requeued", copy)


def drop(client: BrokerClient, letters: Iterable[Letter]) -> int:
    """Give letters up; return how many. Their samples stay counted as failed."""
    return _take_off(client, letters, "dropped", lambda letter: None)


def _take_off(
    client: BrokerClient, letters: Iterable[Letter], what: Mark, copy: Callable[[Letter], NewRecord | None]
) -> int:
    copies: list[NewRecord] = []
    marks: list[NewRecord] = []
    count = 0

    def flush() -> None:
        client.append(COMPLETIONS.name, copies)
        client.append(DEAD_LETTERS.name, marks)
        copies.clear()
        marks.clear()

    for letter in letters:
        record = copy(letter)
        if record is not None:
            copies.append(record)
        marks.append(mark(letter, what))
        count += 1
        if len(marks) >= BATCH_RECORDS or sum(r.size for r in copies) >= BATCH_BYTES:
            flush()
    flush()
    return count
