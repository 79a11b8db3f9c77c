"""Samples that are read many at once are those that are read one by one."""

from __future__ import annotations

import random
import zipfile

import pytest
from log_helpers import EVAL_LOGS, MINIMAL, ZSTD

from evalstream.streams.errors import DamagedLogError
from evalstream.streams.logs import block, eval_source, json_source
from evalstream.streams.logs.block import SampleBlock
from evalstream.streams.logs.source import open_log


@pytest.mark.parametrize("name", [*EVAL_LOGS, "a_scored.json"])
@pytest.mark.parametrize("size", [1, 20_000, 1 << 20])
def test_a_block_has_the_samples_themselves(logs, name, size, monkeypatch):
    for module in (eval_source, json_source):
        monkeypatch.setattr(module, "BLOCK_BYTES", size)
    with open_log(logs / name) as log:
        samples = SampleBlock(log)
        order = list(range(log.sample_count))
        for numbers in (order, order[::-1], random.Random(1).sample(order, len(order)), order):
            assert [samples.read(i) for i in numbers] == [log.read_sample(i) for i in numbers]


def test_samples_in_order_are_read_many_at_once(logs):
    with open_log(logs / "a_scored.eval") as log:
        alone = []
        read_sample = log.read_sample
        log.read_sample = lambda i: alone.append(i) or read_sample(i)
        samples = SampleBlock(log)
        for i in range(log.sample_count):
            samples.read(i)
        assert alone == []


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTD])
def test_a_damaged_sample_costs_only_itself(tmp_path, method):
    path = tmp_path / "log.eval"
    texts = {f"samples/{i}_epoch_1.json": b'{"id":%d,"epoch":1,"x":"%s"}' % (i, b"y" * 200) for i in range(300)}
    with zipfile.ZipFile(path, "w", method) as made:
        for name, data in {"header.json": MINIMAL, **texts}.items():
            made.writestr(name, data)
        place = made.getinfo("samples/7_epoch_1.json")
    raw = bytearray(path.read_bytes())
    start = place.header_offset + 30 + len(place.filename)
    raw[start + 12 : start + 16] = b"\0\0\0\0"
    path.write_bytes(raw)
    with open_log(path) as log:
        samples = SampleBlock(log)
        for i, text in enumerate(texts.values()):
            if i == 7:
                with pytest.raises(DamagedLogError, match="samples/7_epoch_1"):
                    samples.read(i)
            else:
                assert samples.read(i) == text


def test_a_block_is_bounded_in_bytes_and_samples(tmp_path):
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", ZSTD) as made:
        made.writestr("header.json", MINIMAL)
        for i in range(300):
            made.writestr(f"samples/{i}_epoch_1.json", b" " * (10 if i < 200 else block.BLOCK_BYTES // 3))
    with open_log(path) as log:
        assert len(log.read_samples(0)) == block.BLOCK_SAMPLES
        assert len(log.read_samples(250)) == 3
        assert len(log.read_samples(299)) == 1
