"""The order in which a batch's effects become durable, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..tally.run_state import RunState
from ..topics import Topic
from ..transport.record import NewRecord

__all__ = ["Checkpoint", "of_run"]


def of_run(run: RunState, value: bytes) -> NewRecord:
    """Make a record about a run: one key for each run, in the partition of its eval."""
    return NewRecord(f"{run.eval_id}/{run.run_id}".encode(), value, place=run.eval_id.encode())


class Checkpoint:
    """Effects of one batch: state first, then events, then the acknowledgement.

    State before events: an event (such as the final metrics) may only be seen when what it was computed from survives a
    crash. Events before the acknowledgement: a crash in between makes the batch come again, and its effects are the
    same ones (ids are deterministic, the tally drops doubles); the other way round they would be lost.

    Parameters
    ----------
    app
        The Faust app, for its producer.
    table
        The table of segments, or None for an agent without state.
    """

    def __init__(self, app: Any, table: Any = None) -> None:
        self._app, self._table = app, table
        self._events: list[tuple[Topic, Sequence[NewRecord]]] = []
        self._state: dict[bytes, bytes] = {}
        self._dropped: list[bytes] = []

    def keep(self, records: Mapping[bytes, bytes]) -> None:
        """Add table records."""
        self._state.update(records)

    def drop(self, keys: Iterable[bytes]) -> None:
        """Delete table records, once those to keep are durable."""
        self._dropped += keys

    def send(self, topic: Topic, records: Sequence[NewRecord]) -> None:
        """Add events."""
        if records:
            self._events.append((topic, records))

    async def commit(self, event: Any = None) -> None:
        """Make everything durable, in order, and acknowledge the batch's event."""
        producer = self._app.producer
        if self._state:
            for key, value in self._state.items():
                self._table[key] = value
            # The table only queued its changelog records; nothing is acknowledged before they are confirmed.
            await producer.flush()
        for key in self._dropped:
            self._table.pop(key, None)
        for topic, records in self._events:
            await producer.send_batch(topic.name, records)
        if event is not None:
            event.ack()
