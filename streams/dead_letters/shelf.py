"""The topic ``dead-letters`` as a shelf: which letters are on it, and how one is taken off.

A record of a topic cannot be taken out. What is taken off the shelf is *marked*: a record with the letter's key, so
that it follows it in the same partition, without a value, whose one header says which letter was requeued or dropped.
If the same record fails once more, its new letter stands behind the mark, and is on the shelf again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ..topics import DEAD_LETTERS
from ..transport.client import BrokerClient, batches_of
from ..transport.record import NewRecord, Record
from .letter import Letter

__all__ = ["Mark", "mark", "on_shelf", "scan", "value_of"]

Mark = Literal["requeued", "dropped"]

_MARKS: dict[str, Mark] = {
    "__evalstream.letters.requeued": "requeued",
    "__evalstream.letters.dropped": "dropped",
}

SCAN_RECORDS = 500
SCAN_BYTES = 4 * 1024 * 1024


def mark(letter: Letter, what: Mark) -> NewRecord:
    """Make the record that takes a letter off the shelf."""
    name = next(name for name, meaning in _MARKS.items() if meaning == what)
    return NewRecord(letter.key, None, ((name, letter.id.encode()),))


def on_shelf(records: Iterable[tuple[int, Record]]) -> dict[str, Letter]:
    """Return the letters that are on the shelf, by id.

    Of several letters with one id the last is kept, at the time when the first was seen: a crash makes doubles.

    Parameters
    ----------
    records
        Partitions and records of ``dead-letters``, those of one partition in order of their offsets.
    """
    letters: dict[str, Letter] = {}
    seen: dict[str, int] = {}
    for partition, record in records:
        letter = Letter.read(record, partition)
        if letter is not None:
            first = seen[letter.id] = min(seen.get(letter.id, letter.first_seen_ms), letter.first_seen_ms)
            letters.pop(letter.id, None)  # so that letters stand in the order in which they came last
            letters[letter.id] = letter._replace(first_seen_ms=first)
            continue
        for name, value in record.headers:
            if name in _MARKS:
                letters.pop((value or b"").decode(errors="replace"), None)
    return letters


def scan(client: BrokerClient, topic: str = DEAD_LETTERS.name) -> Iterator[tuple[int, Record]]:
    """Read a topic as it is now, partition by partition; what is added meanwhile is left out.

    Raises
    ------
    BrokerError
        The broker cannot be read.
    """
    ends = [client.end_offset(topic, partition) for partition in range(client.partitions(topic))]
    for partition, end in enumerate(ends):
        for records in batches_of(client, topic, partition, 0, end, SCAN_RECORDS, SCAN_BYTES):
            for record in records:
                yield partition, record


def value_of(client: BrokerClient, letter: Letter) -> Record:
    """Read a letter again, with its value.

    Raises
    ------
    LookupError
        It is not there any more: the topic's retention has taken it.
    """
    records = client.read(DEAD_LETTERS.name, letter.partition, letter.offset, 1, SCAN_BYTES)
    if not records or records[0].offset != letter.offset:
        raise LookupError(f"dead letter {letter.id} is not there any more: the topic's retention has taken it")
    return records[0]
