"""What every `TopicStore` must do: a new store is put to all of it by adding it to `STORES` in conftest.py."""

from __future__ import annotations

import threading
from collections.abc import Callable

from evalstream.streams.transport.record import NewRecord
from evalstream.streams.transport.store import TopicStore

ALL = 1 << 30


def values(*texts: bytes) -> list[NewRecord]:
    return [NewRecord(b"k", text) for text in texts]


def read_all(store: TopicStore, topic: str) -> list[bytes | None]:
    return [record.value for record in store.read(topic, 0, ALL, ALL)]


def check_offsets_count_from_zero_in_each_topic(store: TopicStore) -> None:
    assert store.append("a", values(b"1", b"2")) == 0
    assert store.append("a", values(b"3")) == 2
    assert store.append("b", values(b"4")) == 0
    assert [(r.offset, r.value) for r in store.read("a", 1, ALL, ALL)] == [(1, b"2"), (2, b"3")]
    assert (store.first_offset("a"), store.end_offset("a"), store.end_offset("b")) == (0, 3, 1)


def check_an_unknown_topic_is_an_empty_one(store: TopicStore) -> None:
    assert store.read("nothing", 0, ALL, ALL) == []
    assert (store.first_offset("nothing"), store.end_offset("nothing")) == (0, 0)
    store.create_topic("nothing")
    store.create_topic("nothing")
    assert store.end_offset("nothing") == 0


def check_an_empty_append_adds_nothing(store: TopicStore) -> None:
    store.append("a", values(b"1"))
    assert store.append("a", []) == 1
    assert store.end_offset("a") == 1


def check_a_read_beyond_the_end_is_empty(store: TopicStore) -> None:
    store.append("a", values(b"1"))
    assert store.read("a", 1, ALL, ALL) == store.read("a", 99, ALL, ALL) == []


def check_a_read_keeps_to_the_number_of_records(store: TopicStore) -> None:
    store.append("a", values(*(b"%d" % i for i in range(10))))
    assert [r.offset for r in store.read("a", 4, 3, ALL)] == [4, 5, 6]


def check_a_read_keeps_to_the_bytes_but_gives_one_record_at_least(store: TopicStore) -> None:
    store.append("a", values(*[b"x" * 1000] * 10))
    assert 1 <= len(store.read("a", 0, ALL, 3500)) <= 3
    assert [r.offset for r in store.read("a", 2, ALL, 10)] == [2]


def check_small_reads_cover_a_topic(store: TopicStore) -> None:
    store.append("a", values(*(b"x" * (i % 7 * 100) for i in range(200))))
    seen: list[int] = []
    while batch := store.read("a", len(seen), 9, 1000):
        seen.extend(record.offset for record in batch)
    assert seen == list(range(200))


def check_a_record_comes_back_as_it_went(store: TopicStore) -> None:
    sent = [
        NewRecord(b"\x00\xff", b"\x00" * 10, (("a", b"\xfe"), ("a", b"2"), ("é", b"")), 123),
        NewRecord(None, b"", (), 0),
        NewRecord(b"", None),
    ]
    store.append("a", sent)
    got = store.read("a", 0, ALL, ALL)
    assert [(r.key, r.value, r.headers) for r in got] == [(r.key, r.value, r.headers) for r in sent]
    assert [r.timestamp_ms for r in got[:2]] == [123, 0]
    assert got[2].timestamp_ms > 1_700_000_000_000


def check_values_of_many_megabytes_go_through(store: TopicStore) -> None:
    large = bytes(range(256)) * (20 * 4096)
    store.append("a", values(b"before", large, b"after"))
    assert read_all(store, "a") == [b"before", large, b"after"]


def check_commits_are_per_group_and_topic(store: TopicStore) -> None:
    assert store.committed("g", "a") is None
    store.commit("g", {"a": 5, "b": 6})
    store.commit("g", {"a": 7})
    store.commit("other", {"a": 0})
    assert [store.committed("g", t) for t in ("a", "b", "c")] == [7, 6, None]
    assert store.committed("other", "a") == 0


def check_an_append_that_fails_leaves_nothing(store: TopicStore) -> None:
    store.append("a", values(b"1"))
    broken = [NewRecord(b"k", b"2"), NewRecord(b"k", object())]  # type: ignore[arg-type]
    for topic in ("a", "new"):
        try:
            store.append(topic, broken)
        except Exception:  # noqa: BLE001
            pass
        else:
            raise AssertionError("the append should have failed")
    assert store.append("a", values(b"3")) == 1
    assert store.append("new", values(b"4")) == 0
    assert (read_all(store, "a"), read_all(store, "new")) == ([b"1", b"3"], [b"4"])


def check_changes_tells_of_appends(store: TopicStore) -> None:
    before = store.changes()
    assert store.changes() == before
    store.append("a", values(b"1"))
    after = store.changes()
    assert after != before
    assert store.changes() == after


def check_concurrent_appends_keep_each_batch_together(store: TopicStore) -> None:
    threads, batches, size = 8, 25, 4
    start = threading.Barrier(threads)

    def append(name: int) -> None:
        start.wait()
        for batch in range(batches):
            first = store.append("a", values(*(b"%d %d %d" % (name, batch, i) for i in range(size))))
            assert store.read("a", first, 1, ALL)[0].value == b"%d %d 0" % (name, batch)

    workers = [threading.Thread(target=append, args=(name,)) for name in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert_each_batch_is_together(store, threads, batches, size)


def assert_each_batch_is_together(store: TopicStore, writers: int, batches: int, size: int) -> None:
    found = [tuple(map(int, (value or b"").split())) for value in read_all(store, "a")]
    assert len(found) == writers * batches * size
    for i in range(0, len(found), size):
        name, batch, _ = found[i]
        assert found[i : i + size] == [(name, batch, n) for n in range(size)]
    for name in range(writers):
        assert [batch for writer, batch, n in found if writer == name and n == 0] == list(range(batches))


CHECKS: list[Callable[[TopicStore], None]] = [check for name, check in globals().items() if name.startswith("check_")]
