from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.log import read_eval_log, write_eval_log
from log_helpers import DATA

from evalstream.streams.logs.order import dataset_order, rescore_order

IDS = ["s10", 10, 9, 2, "2b", "a/b", "../x", "010", -3, -12, "é", "Z", 10**25]


def test_rescore_order_is_the_order_in_which_inspect_reads_and_writes(tmp_path):
    log = read_eval_log(str(DATA / "b_unscored.eval"))
    pairs = [(i, epoch) for i in IDS for epoch in (1, 2)]
    random.Random(1).shuffle(pairs)
    log.samples = [log.samples[0].model_copy(update={"id": i, "epoch": epoch}) for i, epoch in pairs]
    write_eval_log(log, str(tmp_path / "log.eval"))
    write_eval_log(log, str(tmp_path / "log.json"))
    ours = [pairs[i] for i in rescore_order([i for i, _ in pairs], [epoch for _, epoch in pairs])]
    assert [(s.id, s.epoch) for s in read_eval_log(str(tmp_path / "log.eval")).samples] == ours
    assert [(s["id"], s["epoch"]) for s in json.loads((tmp_path / "log.json").read_bytes())["samples"]] == ours


def test_dataset_order_goes_epoch_by_epoch():
    ids = [2, "b", 1, "b", 2, "new", 1, -1]
    epochs = [2, 1, 1, 2, 1, 1, 2, 1]
    order = dataset_order(ids, epochs, ["b", 2, 1, 2])
    assert [(epochs[i], ids[i]) for i in order] == [
        (1, "b"),
        (1, 2),
        (1, 1),
        (1, -1),
        (1, "new"),
        (2, "b"),
        (2, 2),
        (2, 1),
    ]


def test_the_text_1_is_not_the_number_1():
    assert dataset_order(["1", 1], [1, 1], [1, "1"]).tolist() == [1, 0]


@pytest.mark.parametrize("dataset", [None, [], [None, 1.5, [1], {"a": 1}, True]])
def test_a_strange_dataset_leaves_the_rescore_order(dataset):
    ids, epochs = ["b", 3, "a", 2], [1, 2, 1, 1]
    assert dataset_order(ids, epochs, dataset).tolist() == rescore_order(ids, epochs).tolist()


@given(
    pairs=st.lists(st.tuples(st.integers(-5, 5) | st.text("ab1", max_size=2), st.integers(1, 3)), max_size=20),
    dataset=st.lists(st.integers(-5, 5) | st.text("ab1", max_size=2), max_size=9) | st.none(),
)
def test_every_sample_has_one_place(pairs, dataset):
    ids, epochs = [i for i, _ in pairs], [epoch for _, epoch in pairs]
    for order in (rescore_order(ids, epochs), dataset_order(ids, epochs, dataset)):
        assert sorted(order) == list(range(len(pairs)))
        assert [epochs[i] for i in order] == sorted(epochs)
