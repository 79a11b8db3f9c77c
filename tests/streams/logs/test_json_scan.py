from __future__ import annotations

import json
import os
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalstream.streams.errors import DamagedLogError, LogError, NotALogError, SampleDecodeError
from evalstream.streams.logs import json_scan
from evalstream.streams.logs.json_scan import scan
from evalstream.streams.logs.source import cut_sample, open_log


@pytest.fixture
def make_json(tmp_path):
    def make(text: str | bytes):
        path = tmp_path / "made.json"
        path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
        return path

    return make


def scanned(path, window):
    fd = os.open(path, os.O_RDONLY)
    try:
        found = scan(fd, str(path), window)
        samples = [os.pread(fd, n, at) for at, n in zip(found.starts, found.lengths, strict=True)]
        reductions = os.pread(fd, found.reductions[1], found.reductions[0]) if found.reductions else None
        return bytes(found.header), samples, reductions
    finally:
        os.close(fd)


HARD = st.text(st.sampled_from('"\\{}[],: aä\n'), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HARD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HARD, inner, max_size=4),
    max_leaves=12,
)
SAMPLES = st.lists(st.dictionaries(HARD, VALUES, max_size=4), max_size=5)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.dictionaries(HARD | st.sampled_from(["eval", "samples\\", '"samples']), VALUES, max_size=4),
    samples=SAMPLES | st.none(),
    reductions=SAMPLES | st.none(),
    indent=st.sampled_from([None, 2]),
    ascii_only=st.booleans(),
    window=st.sampled_from([1, 2, 3, 7, 64, 1 << 19]),
    seed=st.integers(0, 99),
)
def test_any_log_is_cut_as_a_parser_would(make_json, header, samples, reductions, indent, ascii_only, window, seed):
    log = dict(header)
    if samples is not None:
        log["samples"] = samples
    if reductions is not None:
        log["reductions"] = reductions
    pairs = list(log.items())
    random.Random(seed).shuffle(pairs)
    path = make_json(json.dumps(dict(pairs), indent=indent, ensure_ascii=ascii_only))
    rest, found, reduced = scanned(path, window)
    assert [repr(json.loads(text)) for text in found] == [repr(s) for s in samples or []]
    assert repr(json.loads(reduced) if reduced else None) == repr(reductions)
    emptied = {k: [] if k in ("samples", "reductions") else v for k, v in pairs}
    assert repr(json.loads(rest)) == repr(emptied)


@pytest.mark.parametrize("window", [1, 5, 1000])
def test_backslashes_before_quotes_are_counted(make_json, window):
    values = ["\\" * n + '"' + "}" * n for n in range(9)] + ["\\" * 40, '\\"{']
    path = make_json(json.dumps({"samples": [{"x": v} for v in values]}))
    _, found, _ = scanned(path, window)
    assert [json.loads(text)["x"] for text in found] == values


def test_a_megabyte_of_backslashes_takes_no_time_to_speak_of(make_json):
    path = make_json(json.dumps({"samples": [{"x": "\\" * 1_000_000 + '"'}]}))
    _, found, _ = scanned(path, 1 << 19)
    assert len(found) == 1


def test_a_huge_sample_is_found_in_one_pass(make_json):
    sample = {"id": 1, "epoch": 1, "input": "x[{" * 3_000_000}
    path = make_json(json.dumps({"eval": {}, "samples": [sample]}))
    with open_log(path) as log:
        assert json.loads(log.read_sample(0)) == sample


@pytest.mark.parametrize(
    "text",
    [
        '{"eval":{},"samples":[{},1]}',
        '{"eval":{},"samples":[null]}',
        '{"eval":{},"samples":[[]]}',
        '{"eval":{},"samples":[{} {}]}',
        '{"eval":{},"samples":[{},,{}]}',
        '{"eval":{},"samples":[{},]}',
        '{"eval":{},"samples":{"a":1}}',
        '{"eval":{},"samples":[{}]} {}',
        '{"eval":{},"samples":[{}]}]',
        '{"eval":{},"samples":[{}] x}',
        '{"eval":{},"samples":[{}]',
        '{"eval":{},"samples":[{"a":"',
        '{"eval":{} "samples":[]}',
    ],
)
@pytest.mark.parametrize("window", [1, 1 << 19])
def test_something_else_than_a_list_of_objects_is_refused(make_json, monkeypatch, text, window):
    monkeypatch.setattr(json_scan, "WINDOW", window)
    monkeypatch.setattr(json_scan.scan, "__defaults__", (window,))
    with pytest.raises(DamagedLogError):
        open_log(make_json(text))


@pytest.mark.parametrize(
    "text", ['{"eval":{}}', '{"eval":{},"samples":null}', '{"samples":[],"eval":{}}', '\ufeff {"eval":{}}']
)
def test_a_log_without_samples_is_legal(make_json, text):
    with open_log(make_json(text)) as log:
        assert log.sample_count == 0
        assert log.header == {"eval": {}}
        assert log.reductions() is None


def test_members_named_samples_elsewhere_are_not_meant(make_json):
    text = (
        '{"eval":{"samples":[{"id":1,"epoch":1}],"x":["samples",[1]]},'
        '"metadata":["samples",[{}]],"samples":[{"id":2,"epoch":1}]}'
    )
    with open_log(make_json(text)) as log:
        assert list(log.keys()) == [("2", 1)]
        assert log.header["eval"]["samples"] == [{"id": 1, "epoch": 1}]
        assert log.header["metadata"] == ["samples", [{}]]


def test_of_a_repeated_key_the_last_counts(make_json):
    with open_log(make_json('{"eval":{},"samples":[{"id":1,"epoch":1}],"samples":[{"id":2,"epoch":1}]}')) as log:
        assert list(log.keys()) == [("2", 1)]


def test_of_samples_with_one_key_the_last_counts_but_1_is_not_the_text_1(make_json):
    samples = [
        '{"id":1,"epoch":1,"n":0}',
        '{"id":"1","epoch":1,"n":1}',
        '{"epoch":1,"n":2,"id":1}',
        '{"id":1,"epoch":2,"n":3}',
    ]
    with open_log(make_json('{"eval":{},"samples":[' + ",".join(samples) + "]}")) as log:
        assert [json.loads(log.read_sample(i))["n"] for i in range(log.sample_count)] == [1, 2, 3]
        assert list(log.keys()) == [("1", 1), ("1", 1), ("1", 2)]


def test_keys_are_found_wherever_they_stand(make_json):
    samples = [
        '{"id":"a\\"b","epoch":1}',
        '{ "input" : "x" , "epoch" : 2 , "id" : 7 }',
        '{"metadata":{"id":9,"x":NaN},"epoch":3,"id":"n"}',
        '{"input":"' + "x" * 1000 + '","id":"far","epoch":4}',
    ]
    with open_log(make_json('{"eval":{},"samples":[' + ",".join(samples) + "]}")) as log:
        assert list(log.keys()) == [('a"b', 1), ("7", 2), ("n", 3), ("far", 4)]


@pytest.mark.parametrize(
    "broken",
    [
        '{"id":1,"epoch":}',
        '{"id":1}',
        '{"id":[],"epoch":1,"x":NaN}',
        '{"id":true,"epoch":1,"x":NaN}',
        '{"id":1,"epoch":1,"x":}',
    ],
)
def test_one_broken_sample_costs_only_itself(make_json, broken):
    text = '{"eval":{},"samples":[{"id":0,"epoch":1},' + broken + ',{"id":2,"epoch":1}]}'
    with open_log(make_json(text)) as log:
        assert log.sample_count == 3
        assert cut_sample(log, 2)["id"] == b"2"
        with pytest.raises(SampleDecodeError) as raised:
            members = cut_sample(log, 1)
            list(log.keys())
            assert not members
        assert raised.value.member == "samples[1]"


def test_a_broken_header_is_refused(make_json):
    with pytest.raises(DamagedLogError, match="outside of the samples"):
        open_log(make_json('{"eval":{},"samples":[],"status":nonsense}'))


def test_endless_text_outside_the_samples_is_refused(make_json, monkeypatch):
    monkeypatch.setattr(json_scan, "MAX_HEADER", 1000)
    with pytest.raises(NotALogError, match="no log has so many"):
        open_log(make_json(json.dumps({"eval": {}, "x": "x" * 2000})))


def test_any_cut_is_an_error_of_ours(make_json):
    text = json.dumps({"eval": {"x": [1, "a{"]}, "samples": [{"id": 1, "epoch": 1, "t": "}]"}], "reductions": [{}]})
    for length in range(1, len(text)):
        with pytest.raises(LogError):
            open_log(make_json(text[:length]))
