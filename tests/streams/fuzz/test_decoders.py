"""Each decoder takes an event or refuses it by the one error that it names, whatever the bytes are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from mutations import damaged, for_all, golden, hostile, nasty, printed
from pydantic import ValidationError

from evalstream.streams.agents import tally as tally_agent
from evalstream.streams.claims import ClaimStores
from evalstream.streams.dead_letters.letter import PREFIX, Letter
from evalstream.streams.dead_letters.shelf import on_shelf
from evalstream.streams.errors import CompletionError, StateError
from evalstream.streams.events import (
    EvalStarted,
    LogMaterialised,
    MetricsUpdated,
    SampleDeadLettered,
    ScoreEmitted,
    Source,
)
from evalstream.streams.overview import SEEN, Overview
from evalstream.streams.scoring.completion import CompletionReader, whose
from evalstream.streams.scoring.failure import Failure
from evalstream.streams.scoring.scoring import Scoring
from evalstream.streams.scoring.sheet import failed
from evalstream.streams.tally import score_reader
from evalstream.streams.tally.keys import eval_of, state_key
from evalstream.streams.tally.rows import DeadRow, ReadRow, ScoreRow, decode_segment, encode_segment
from evalstream.streams.tally.run_state import RunState
from evalstream.streams.tally.runs import Runs
from evalstream.streams.tally.score_reader import read_row
from evalstream.streams.topics import EVALS, SCORES
from evalstream.streams.transport.record import Record

SOURCE = Source(topic="completions", partition=0, offset=1)
SHORT, LONG = 400, 10_000

_completions = CompletionReader(ClaimStores())
_scoring = Scoring(timeout=600)


def _record(value: bytes, headers: Any = ()) -> Record:
    return Record(0, b"key", value, headers, 0)


def read_completion(value: bytes) -> None:
    """Read, and score if it can be read: what comes of it can be sent."""
    try:
        completion = _completions.read(value, SOURCE, "digest")
    except CompletionError as error:
        assert str(error) and isinstance(error.eval_id.encode(), bytes)
        return
    assert isinstance(completion.sample_id, int | str) and completion.size >= 0
    assert _completions.members(value)
    scorers = _scoring.scorers(completion)
    result = failed(completion, scorers) if isinstance(scorers, Failure) else _scoring.score_now(completion, scorers)
    for event in result.events:
        assert ScoreEmitted.model_validate_json(event.to_bytes()).score_id == event.score_id


def by_model(value: bytes) -> ScoreEmitted | SampleDeadLettered | None:
    try:
        return score_reader._models.validate_json(value)
    except ValidationError:
        return None


def read_score(value: bytes) -> None:
    """Read in both ways; a row can be counted, printed and read again."""
    found = read_row(value, 3)
    message = by_model(value)
    if found is not None:
        assert isinstance(message, ScoreEmitted)  # the quick way takes nothing that the model refuses
    if message is None:
        return
    row = found[2] if found else ScoreRow.of(message, 3) if isinstance(message, ScoreEmitted) else DeadRow.of(message)
    state = RunState("e", "live", lambda offset: None)
    state.apply(row)
    assert state.received == 1 and state.ledger() is not None
    (again,) = decode_segment(encode_segment([row]))
    assert encode_segment([again]) == encode_segment([row])


def read_eval(value: bytes) -> None:
    message = tally_agent._read(_record(value), EVALS.name)
    if message is None:
        return
    state = RunState("e", "live", lambda offset: None)
    if isinstance(message, EvalStarted):
        state.start(message)
        assert state.running_rows() is not None and len(state.order()) == 0
    else:
        state.complete(message)
    assert state.ledger() is not None and not (state.balances() and state.started is None)


def read_whole(kind: type[MetricsUpdated | LogMaterialised]) -> Callable[[bytes], None]:
    def read(value: bytes) -> None:
        try:
            event = kind.model_validate_json(value)
        except ValidationError:
            return
        assert kind.model_validate_json(event.to_bytes()).eval_id == event.eval_id

    return read


def read_overview(value: bytes) -> None:
    overview = Overview()
    for topic in SEEN:
        overview.take(topic, [_record(value)])
    assert len(overview.rows()) <= 1


def read_whose(value: bytes) -> None:
    eval_id, run_id = whose(value)
    assert isinstance(eval_id.encode(), bytes) and isinstance(run_id.encode(), bytes)


def read_letter(parts: tuple[bytes, list[tuple[str, bytes | None]]]) -> None:
    value, headers = parts
    record = _record(value, (*((PREFIX + name, text) for name, text in headers), ("other", None)))
    letter = Letter.read(record, 0)
    on_shelf([(0, record)])
    if letter is not None:
        assert len(letter.id) == 12 and letter.is_of("e") in (True, False) and isinstance(letter.sample, str)


def read_segment(value: bytes) -> None:
    try:
        rows = decode_segment(value)
    except StateError as error:
        assert str(error)
        return
    state = RunState("e", "live", lambda offset: None)
    for row in rows:
        state.apply(row)
    assert state.ledger() is not None


def read_table(table: dict[bytes, bytes]) -> None:
    """A table that somebody else has written to is rebuilt, and what was whole in it is all there."""
    runs = Runs(lambda partition, offset: None)
    own = RunState("own", "live", lambda offset: None)
    kept = {state_key(own, "rows", 7): encode_segment([ROWS[0]])}
    runs.rebuild([{**table, **kept}])
    assert runs.get("own", "live").received >= 1
    assert all(isinstance(eval_of(key), str) for key in table)


ROWS = [
    ScoreRow("s1", 1, 0, "match", "s", 1.0, (0, 7), 3, False, {"a": float("nan")}),
    ScoreRow(2, 1, 0, "match", "f", "why", (0, 8), 4, True, None),
    DeadRow((0, 9), "s3", "not JSON", "digest"),
    ReadRow("digest"),
]

_headers = st.sampled_from(["topic", "stage", "partition", "offset", "attempts", "first_seen", "message"])
_texts = st.none() | st.binary(max_size=20) | st.sampled_from([b"1" * 5000, b"\xff", b"a\0b", "²".encode(), b"-1"])
_letters = st.lists(st.tuples(_headers, _texts), max_size=9).map(
    lambda pairs: [("topic", b"completions"), ("stage", b"score"), *pairs]
)
_segments = (
    st.binary(max_size=99)
    | damaged(st.just(encode_segment(ROWS)))
    | damaged(st.just(zlib.decompress(encode_segment(ROWS)))).map(zlib.compress)
    | st.lists(st.lists(nasty, max_size=11), max_size=3).map(printed).map(zlib.compress)
    | st.builds(
        lambda row, at, value: zlib.compress(printed([[*row[:at], value, *row[at + 1 :]]])),
        st.sampled_from([list(row) for row in ROWS]), st.integers(0, 9), nasty,
    )
)  # fmt: skip
_keys = st.binary(max_size=30) | st.lists(nasty, max_size=5).map(printed) | st.sampled_from(
    [b'["e","live","start",0]', b'["e","live","complete",0]', b'["e","live","log",0]', b'["e","live","rows",1]']
)  # fmt: skip
_values = hostile("eval_started") | hostile("eval_completed") | hostile("log_materialised") | _segments

DECODERS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "completions": (hostile("sample_completed"), read_completion),
    "scores": (hostile("score_emitted", "sample_dead_lettered"), read_score),
    "evals": (hostile("eval_started", "eval_completed"), read_eval),
    "metrics": (hostile("metrics_updated"), read_whole(MetricsUpdated)),
    "logs": (hostile("log_materialised"), read_whole(LogMaterialised)),
    "overview": (hostile("eval", "metrics_updated", "log_materialised"), read_overview),
    "whose": (hostile("sample_completed"), read_whose),
    "dead letters": (st.tuples(hostile("sample_completed"), _letters), read_letter),
    "segments": (_segments, read_segment),
    "tables": (st.dictionaries(_keys, _values, max_size=5), read_table),
}


@pytest.mark.parametrize("name", DECODERS)
def test_whatever_the_bytes_are_they_are_taken_or_refused(name: str):
    for_all(*DECODERS[name], SHORT)


@pytest.mark.soak
@pytest.mark.parametrize("name", DECODERS)
def test_whatever_the_bytes_are_they_are_taken_or_refused_for_long(name: str):
    for_all(*DECODERS[name], LONG, fresh=True)


def test_the_events_that_are_changed_here_are_themselves_taken():
    for event in golden("score_emitted", "sample_dead_lettered"):
        assert tally_agent._read(_record(printed(event)), SCORES.name) is not None
    for event in golden("eval_started", "eval_completed"):
        assert tally_agent._read(_record(printed(event)), EVALS.name) is not None
    assert [len(decode_segment(encode_segment(ROWS)))] == [len(ROWS)]
