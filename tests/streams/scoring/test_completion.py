"""The quick way to read a completion takes what its model takes, and nothing else."""

from __future__ import annotations

import json

import pytest

from evalstream.streams.claims import ClaimStores
from evalstream.streams.errors import CompletionError
from evalstream.streams.events import Claim, SampleCompleted, Source
from evalstream.streams.scoring import completion as module
from evalstream.streams.scoring.completion import CompletionReader

SOURCE = Source(topic="completions", partition=0, offset=1)
SAMPLE = {"id": 1, "epoch": 2, "input": "é", "target": "t", "output": "o", "store": {"x": [1, 2]}}


def reader(sample=SAMPLE) -> CompletionReader:
    claims = ClaimStores()
    claims.register("blobs", {"a": json.dumps(sample, ensure_ascii=False).encode()}.__getitem__)
    return CompletionReader(claims)


def test_it_knows_every_field_of_the_event():
    assert set(module._Fields.__struct_fields__) == set(SampleCompleted.model_fields)
    assert set(module._Claim.__struct_fields__) == set(Claim.model_fields)


@pytest.mark.parametrize("store", [{"x": [1, 2]}, {"x": float("nan")}, {"deep": 2**80}])
def test_a_sample_that_travels_and_one_that_is_claimed_are_the_same(store):
    sample = {**SAMPLE, "store": store}
    common = {"eval_id": "e", "run_id": "r", "scorers": [{"name": "match"}], "append": True, "model": "m/x"}
    events = [{**common, "sample": sample}, {**common, "claim": {"store": "blobs", "key": "a"}, "later": [store]}]
    texts = [json.dumps(event, ensure_ascii=False).encode() for event in events]
    completions = reader(sample)
    sent, claimed = (completions.read(text, SOURCE) for text in texts)
    assert (sent.sample_id, sent.epoch, sent.append, sent.model) == (1, 2, True, "m/x")
    assert json.loads(sent.scorers) == json.loads(claimed.scorers) == [{"name": "match"}]
    assert dict(sent.members) == dict(claimed.members) == completions.members(texts[0]) == completions.members(texts[1])
    assert sent.members["input"] == '"é"'.encode()


def test_what_the_quick_way_refuses_the_model_may_take():
    text = b'{"eval_id":"e","append":"true","sample":{"id":1,"epoch":1,"x":NaN},"scorers":[{"name":"match"}]}'
    found = reader().read(text, SOURCE)
    assert found.append is True
    assert found.members["x"] == b"NaN"
    assert reader().members(text) == {"id": b"1", "epoch": b"1", "x": b"NaN"}


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", b'{"eval_id":5}', b'{"eval_id":"e","version":2}', b'{"eval_id":"e","event":"eval_started"}',
     b'{"eval_id":"e","sample":{"id":1,"epoch":1,"x":"\xff"}}', b'{"eval_id":"e","sample":5}', b'{"eval_id":"e"}',
     b'{"eval_id":"e","claim":{"store":"s"}}', b'{"eval_id":"e","claim":{"store":"no","key":"a"}}', b"[" * 100_000,
     b'{"eval_id":"e","sample":{"id":true,"epoch":1}}', b'{"eval_id":"e","sample":{"id":1,"epoch":1,"events":{}}}'],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_completion_is_refused_with_a_reason(text):
    with pytest.raises(CompletionError) as raised:
        reader().read(text, SOURCE)
    assert str(raised.value)
