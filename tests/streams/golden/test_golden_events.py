"""The wire contract, frozen: a change that old producers or readers would notice fails here.

A file per event and version. To change an event, add fields with defaults and put them into the file; never take one
out.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from evalstream.scorers.score import Score
from evalstream.streams import events
from evalstream.streams.events import Event, SampleCompleted, ScoreEmitted, Source, score_id

FILES = sorted(Path(__file__).parent.glob("*.json"))
MODELS = {model.model_fields["event"].default: model for model in Event.__subclasses__()}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def golden(path: Path) -> tuple[type[Event], dict[str, Any]]:
    fields = json.loads(path.read_text("utf-8"))
    return MODELS[fields["event"]], fields


def text(value: Any) -> str:
    """Print JSON so that NaN equals itself, and 1, 1.0 and true differ."""
    return json.dumps(value)


@each_file
def test_a_golden_event_prints_as_it_was_read(path: Path):
    model, fields = golden(path)
    printed = model.model_validate_json(text(fields)).to_bytes()
    assert text(json.loads(printed)) == text(fields)


@each_file
def test_a_reader_ignores_what_a_later_writer_adds(path: Path):
    model, fields = golden(path)
    later = {**fields, "field_of_the_future": {"a": [1]}}
    if "source" in later:
        later["source"] = {**later["source"], "leader_epoch": 3}
    assert text(json.loads(model.model_validate_json(text(later)).to_bytes())) == text(fields)


@each_file
def test_an_event_of_another_version_is_refused(path: Path):
    model, fields = golden(path)
    with pytest.raises(ValueError, match="version"):
        model.model_validate_json(text({**fields, "version": 2}))


@pytest.mark.parametrize("event", sorted(MODELS))
def test_every_event_has_a_golden_file_for_its_version(event: str):
    version = MODELS[event].model_fields["version"].default
    assert any(path.name == f"{event}.v{version}.json" for path in FILES)


def used_fields(value: Any, model: type[BaseModel]) -> set[str]:
    """Names of a model's fields, and of models in it, as Model.field."""
    found = {f"{model.__name__}.{name}" for name in value}
    for name, field in model.model_fields.items():
        inner = [m for m in vars(events).values() if isinstance(m, type) and m.__name__ in str(field.annotation)]
        for kind in inner:
            if issubclass(kind, BaseModel):
                held = value.get(name)
                if isinstance(held, dict) and f"dict[str, {kind.__module__}" in str(field.annotation):
                    held = list(held.values())
                for one in held if isinstance(held, list) else [held]:
                    found |= used_fields(one, kind) if isinstance(one, dict) else set()
    return found


def test_no_field_can_be_renamed_unnoticed():
    in_files: set[str] = set()
    for path in FILES:
        model, fields = golden(path)
        in_files |= used_fields(fields, model)
    models = [m for m in vars(events).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    declared = {f"{m.__name__}.{name}" for m in models for name in m.model_fields if m.__module__ == events.__name__}
    assert {name for name in declared if name.split(".")[0] not in ("_Body", "Event")} <= in_files
    assert {name for name in in_files if not name.startswith("Score.")} <= declared


def emitted(**fields: Any) -> ScoreEmitted:
    defaults = {"eval_id": "e", "score_id": "x", "sample_id": 1, "epoch": 1, "scorer": "m", "slot": 0}
    return ScoreEmitted(**{**defaults, "source": Source(topic="c", partition=0, offset=0), **fields})


@pytest.mark.parametrize(
    "value", [1, 1.0, -0.0, True, "1", "", float("inf"), 10**30, [1, 1.0, "a", False], {"a": None, "b": 0.1}], ids=repr
)
def test_score_values_keep_their_type(value: Any):
    again = ScoreEmitted.model_validate_json(emitted(score=Score(value=value)).to_bytes()).score
    assert again is not None
    assert repr(again.value) == repr(value)


def test_unscored_none_and_zero_stay_apart():
    def again(score: Score | None) -> Score | None:
        return ScoreEmitted.model_validate_json(emitted(score=score).to_bytes()).score

    assert again(None) is None
    assert again(Score(value=0)).value == 0
    assert math.isnan(again(Score.unscored(reason="grader_failed")).value)


def test_ids_keep_their_type():
    for sample_id in (1, "1"):
        assert ScoreEmitted.model_validate_json(emitted(sample_id=sample_id).to_bytes()).sample_id is not None
        again = ScoreEmitted.model_validate_json(emitted(sample_id=sample_id).to_bytes()).sample_id
        assert repr(again) == repr(sample_id)


def test_what_a_model_said_never_makes_an_event_unprintable():
    half_a_smiley, thing = "\ud83d", object()
    score = Score(value={"a": half_a_smiley}, answer=half_a_smiley, metadata={"thing": thing, "n": float("nan")})
    again = ScoreEmitted.model_validate_json(emitted(score=score, sample_id=half_a_smiley).to_bytes())
    assert (again.sample_id, again.score.answer, again.score.value) == ("\\ud83d", "\\ud83d", {"a": "\\ud83d"})
    assert again.score.metadata["thing"] is None
    assert math.isnan(again.score.metadata["n"])


def test_a_minimal_completion_is_enough():
    event = SampleCompleted.model_validate({"eval_id": "e", "sample": {"id": 1, "epoch": 1, "output": "4"}})
    assert (event.run_id, event.scorers, event.append) == ("live", [], False)


def test_a_score_is_named_by_what_it_is_a_score_of():
    parts = ("e", "live", "s", 1, "f")
    others = [("E", *parts[1:]), ("e", "r", "s", 1, "f"), ("e", "live", 1, 1, "f"), ("e", "live", "s", 2, "f")]
    assert score_id(*parts) == "0124e6f1-35dd-5fb6-a27d-33c6757a1c8f"
    assert len({score_id(*parts), *(score_id(*other) for other in others), score_id("e", "live", "s", 1, "g")}) == 6


@pytest.mark.parametrize("header", [{"eval": []}, {"plan": "x"}, {"eval": {"config": 1}}, {"results": [1]}], ids=repr)
def test_a_header_with_something_else_in_place_of_an_object_is_refused(header: dict[str, Any]):
    for fields in ({"event": "eval_started"}, {"event": "eval_completed", "samples": 1}):
        with pytest.raises(ValueError, match="header"):
            MODELS[fields["event"]].model_validate({"eval_id": "e", "header": header, **fields})
