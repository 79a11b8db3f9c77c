"""Batches of records as Faust events: what every transport of ours shares.

Faust's own consumers yield one record at a time, and its bookkeeping per event costs more than scoring does. Here a
fetched partition batch travels as *one* `ConsumerMessage` whose value is a `Batch`, at the offset of the batch's last
record.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import faust
from faust.transport.consumer import Consumer
from faust.types import TP, ConsumerMessage

from .record import Batch, Record

__all__ = ["BatchingConsumer", "RawSchema", "RecordMap"]

RecordMap = Mapping[TP, Sequence[Record]]


class RawSchema(faust.Schema):  # type: ignore[misc]
    """Hands key and value to the agent as they are: bytes are decoded by us, where an error can be dealt with.

    Faust drops an event whose agent or decoder raises, and commits its offset all the same.
    """

    def loads_key(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.key

    def loads_value(self, app: Any, message: Any, *, loads: Any = None, serializer: Any = None) -> Any:
        return message.value


class BatchingConsumer(Consumer):  # type: ignore[misc]
    """A Faust consumer that yields batches. Changelogs are not read through it (see `recovery`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._delivered: dict[TP, deque[int]] = defaultdict(deque)
        self._first: dict[TP, deque[Record]] = defaultdict(deque)  # of each delivered batch, for `unfinished`
        self._delivery = 0

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        fetched, active = await self._wait_next_records(timeout)
        if fetched is None or self.should_stop:
            return
        waiting = dict(fetched)
        while waiting:
            if not self.flow_active or self._is_stale():
                await self._give_back(waiting)
                return
            tp, records = next(iter(waiting.items()))
            del waiting[tp]
            if active is not None and tp not in active and tp not in self._buffered_partitions:
                await self._give_back({tp: records})  # it was paused meanwhile
            elif records:
                last = records[-1]
                self._delivered[tp].append(last.offset)
                # Without its value: of a batch that waits for a judge, one record may be as large as all others.
                self._first[tp].append(records[0]._replace(value=None))
                batch = Batch(self.own_name(tp.topic), tp.partition, records, self._delivery)
                yield tp, self._message(tp, last.offset, None, batch, last.timestamp_ms)

    def own_name(self, topic: str) -> str:
        """Return our own name of a topic on the broker."""
        return topic

    def _is_stale(self) -> bool:
        """Tell whether partitions have moved, or were sought back, since what is at hand was asked for."""
        return False

    async def _give_back(self, fetched: RecordMap) -> None:
        """Have records, which no agent has seen, fetched again."""
        raise NotImplementedError

    def _message(self, tp: TP, offset: int, key: Any, value: Any, timestamp_ms: int) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic, tp.partition, offset, timestamp_ms / 1000, 0, (), key, value, None, tp=tp,
            # A message without the current generation is skipped by streams, silently.
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def _new_offset(self, tp: TP) -> int | None:
        # Faust takes the offsets inside a batch for gaps. What may be committed is one past the last offset of the
        # longest acked prefix of batches, in the order in which they were delivered.
        acked, delivered = self._acked_index[tp], self._delivered[tp]
        last = None
        while delivered and delivered[0] in acked:
            last = delivered.popleft()
            self._first[tp].popleft()
            acked.discard(last)
        self._acked[tp] = [offset for offset in self._acked[tp] if offset in acked]
        return None if last is None else last + 1

    def unfinished(self, tp: TP) -> Record | None:
        """Return the first record of the oldest batch that an agent has and has not acknowledged."""
        acked = self._acked_index[tp]
        batches = zip(self._delivered[tp], self._first[tp], strict=True)
        return next((first for last, first in batches if last not in acked), None)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: `_new_offset` does not look at gaps."""

    def ack(self, message: Any) -> bool:
        # A batch that was under way when its partition moved has been, or will be, delivered anew, maybe together with
        # what was not finished before it: its late ack must not stand for that delivery's.
        if isinstance(message.value, Batch) and message.value.delivery != self._delivery:
            message.acked = True
            self._unacked_messages.discard(message)
            return False
        return bool(super().ack(message))

    def _forget_deliveries(self) -> None:
        self._delivery += 1
        self._delivered.clear()
        self._first.clear()
        self._acked.clear()
        self._acked_index.clear()

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        await self.commit()  # what is acked need not come again
        self._forget_deliveries()
        await super().on_partitions_revoked(revoked)

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        raise NotImplementedError("records travel in batches")
