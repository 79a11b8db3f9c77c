"""Merging segments loses no row, whoever merges, dies, or does not know that it has lost its partition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tally_helpers import METRICS, run_of, runs, seen, started

from evalstream.streams.tally import segments as module
from evalstream.streams.tally.keys import state_key
from evalstream.streams.tally.rows import Row, decode_segment, encode_segment
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.tally.runs import Runs
from evalstream.streams.tally.segments import MOST_BYTES, MOST_SEGMENTS, Segments


class Owner:
    """A worker that has the partition, or believes so: it reads rows, and keeps segments on a changelog."""

    def __init__(self, changelog: dict[bytes, bytes], generation: int, position: int) -> None:
        self.changelog, self.generation, self.position = changelog, generation, position
        self.segments = Segments()
        self.segments.take(changelog.items())
        made = Runs(lambda _, offset: None)  # type: ignore[arg-type, return-value]
        made.rebuild([dict(changelog)])
        self.run: RunState = made.get("e", "live")

    def work(self, rows: list[Row], count: int) -> None:
        batch = rows[self.position : self.position + count]
        self.position += len(batch)
        new = [row for row in batch if self.run.apply(row)]
        if new:
            key, segment = state_key(self.run, "rows", self.position - 1), encode_segment(new)
            self.changelog[key] = segment
            self.segments.add(key, segment)
            written, deleted = self.segments.merged(self.run, self.generation)
            self.changelog.update(written)
            for each in deleted:
                self.changelog.pop(each, None)


@given(runs(), st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=30), st.data())
def test_no_row_is_lost_whoever_merges(rows, steps, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_SEGMENTS", 2)
        changelog: dict[bytes, bytes] = {}
        owners = [Owner(changelog, 0, 0)]
        committed = 0
        for who, count in steps:
            if who == 0:  # another worker takes over; the former one may go on for a while
                owners.append(Owner(changelog, len(owners), committed))
            owner = owners[-1] if who < 2 else data.draw(st.sampled_from(owners))
            owner.work(rows, count)
            if owner is owners[-1]:
                committed = owner.position
        Owner(changelog, len(owners), committed).work(rows, len(rows))
    made = Runs(lambda _, offset: None)  # type: ignore[arg-type, return-value]
    made.rebuild([changelog])
    assert seen(made.get("e", "live")) == seen(run_of(rows))


def test_large_segments_are_merged_before_they_are_many():
    run, segments = run_of([started(METRICS[:1])]), Segments()
    segments.add(state_key(run, "rows", 4), b"x" * (MOST_BYTES // 2))
    assert segments.merged(run, 1) == ({}, [])
    segments.add(state_key(run, "rows", 9), b"y" * (MOST_BYTES // 2))
    written, deleted = segments.merged(run, 1)
    assert list(map(len, written.values())) == [MOST_BYTES]
    assert len(deleted) == 2


def test_runs_are_merged_apart_and_merged_ones_stay_as_they_are():
    one, other, segments = run_of([]), run_of([]), Segments()
    other.run_id = "rescore"
    for offset in range(MOST_SEGMENTS):
        segments.add(state_key(one, "rows", offset), encode_segment([]))
        segments.add(state_key(one, "merged", [offset, offset, 1]), encode_segment([]))
    segments.add(state_key(other, "rows", 1), encode_segment([]))
    assert segments.merged(other, 2) == ({}, [])
    written, deleted = segments.merged(one, 2)
    assert list(written) == [state_key(one, "merged", [0, MOST_SEGMENTS - 1, 2])]
    assert len(deleted) == MOST_SEGMENTS
    assert segments.merged(one, 2) == ({}, [])
    assert decode_segment(next(iter(written.values()))) == []
