"""Which table records hold a run's rows, and when several become one.

A segment is small, and stays on the changelog until its eval is forgotten: recovery would read as many records as there
were batches. So every now and then a run's segments are joined to a larger one (`rows.decode_segment` reads joined ones
as they are), which is written before they are deleted.

Two workers may do this to one partition at a time, one of them without knowing that it lost it. Each deletes only what
its own merged record holds, and names that record after its generation of the group, of which one worker has a
partition: so no row is ever in no record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import StateError
from .keys import read_key, state_key
from .run_state import RunState

__all__ = ["Segments"]

MOST_SEGMENTS = 64
MOST_BYTES = 256 * 1024


class Segments:
    """The segments of all runs that are not merged yet.

    Examples
    --------
    >>> run = RunState("e", "live", load_score=None)
    >>> segments = Segments()
    >>> for offset in range(MOST_SEGMENTS - 1):
    ...     segments.add(state_key(run, "rows", offset), b"x")
    >>> segments.merged(run, generation=3)
    ({}, [])
    >>> segments.add(state_key(run, "rows", 99), b"y")
    >>> written, deleted = segments.merged(run, generation=3)
    >>> written, len(deleted)
    ({b'["e","live","merged",[0,99,3]]': b'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy'}, 64)
    """

    def __init__(self) -> None:
        self._small: dict[tuple[str, str], dict[int, tuple[bytes, bytes]]] = {}

    def take(self, table: Iterable[tuple[bytes, bytes]]) -> None:
        """Forget all, and begin with the records of a table; those that are no segments do not matter."""
        self._small.clear()
        for key, value in table:
            self.add(key, value)

    def add(self, key: bytes, value: bytes) -> None:
        """Take in a table record."""
        try:
            eval_id, run_id, kind, number = read_key(key)
        except StateError:
            return
        if kind == "rows" and isinstance(number, int):
            self._small.setdefault((eval_id, run_id), {})[number] = (key, value)

    def forget(self, run: RunState) -> None:
        """Let go of a run's segments."""
        self._small.pop((run.eval_id, run.run_id), None)

    def merged(self, run: RunState, generation: int) -> tuple[Mapping[bytes, bytes], list[bytes]]:
        """Return what to write and then what to delete, both empty while a run's segments are few and small."""
        small = self._small.get((run.eval_id, run.run_id), {})
        if len(small) < MOST_SEGMENTS and sum(len(value) for _, value in small.values()) < MOST_BYTES:
            return {}, []
        del self._small[run.eval_id, run.run_id]
        order = sorted(small)
        key = state_key(run, "merged", [order[0], order[-1], generation])
        return {key: b"".join(small[number][1] for number in order)}, [small[number][0] for number in order]
