"""`precomputed_scores`, compared with Inspect's on the same files."""

import asyncio
import json

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.solver import TaskState as InspectState
from text_oracle import facts

from evalstream.scorers import (
    InvalidOptionError,
    TaskState,
    accuracy,
    mean,
    precomputed_scores,
    registry,
    run_now,
    scorer,
)
from evalstream.scorers.results import ScorerInfo
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.run import never_suspends
from evalstream.scorers.scorer import metrics_of

_loop = asyncio.new_event_loop()

RECORDS = [
    {"id": "s1", "value": 4, "explanation": "clear", "rater": "ann"},
    {"id": "s1", "epoch": 2, "value": "I", "answer": "7", "metadata": {"by": "bob"}},
    {"id": 2, "value": {"helpful": 1, "harmless": None}},
    {"id": "3", "epoch": 1, "value": float("nan")},
    {"id": "gone", "value": [1, 2]},
]


def write(folder, records, name="scores.json"):
    path = folder / name
    lines = name.lower().endswith("jsonl")
    path.write_text("\n\n".join(map(json.dumps, records)) if lines else json.dumps(records))
    return str(path)


def outcome(make, state, target):
    try:
        made = make()
    except ValueError:
        return "refused"
    try:
        score = _loop.run_until_complete(made(state, target))
    except ValueError:
        return "missing"
    return None if score is None else facts(score)


def both(file, sample_id, epoch, **options):
    output = ModelOutput(model="mockllm/model", completion="x")
    their_state = InspectState(ModelName("mockllm/model"), sample_id, epoch, "", [], theirs.Target("y"), output=output)
    state = TaskState(sample_id=sample_id, epoch=epoch, output="x", target="y")
    return (
        outcome(lambda: precomputed_scores(file, **options), state, state.target),
        outcome(lambda: theirs.precomputed_scores(file, **options), their_state, their_state.target),
    )


@pytest.mark.parametrize("name", ["scores.json", "scores.jsonl", "scores.JSONL"])
@pytest.mark.parametrize("on_missing", ["unscored", "error"])
@pytest.mark.parametrize("sample_id", ["s1", 1, 2, "2", "3", "nobody"])
@pytest.mark.parametrize("epoch", [1, 2])
def test_samples_get_the_scores_that_inspect_gives_them(name, on_missing, sample_id, epoch, tmp_path):
    mine, reference = both(write(tmp_path, RECORDS, name), sample_id, epoch, on_missing=on_missing)
    assert mine == reference


records = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from(["a", "b", 1, "1"]),
                "value": st.sampled_from(["C", 1, 0.5, True, None, [1], [[1]]]),
            },
            optional={"epoch": st.sampled_from([1, 2, None, "1", 1.5]), "answer": st.sampled_from(["x", None, 3])},
        ),
        st.sampled_from([5, {"id": 1}, {"value": 1}, None]),
    ),
    max_size=4,
)


@settings(max_examples=80)
@given(records=records, sample_id=st.sampled_from(["a", 1]), epoch=st.sampled_from([1, 2]))
def test_whatever_is_in_a_file_it_is_taken_or_refused_as_by_inspect(records, sample_id, epoch, tmp_path_factory):
    mine, reference = both(write(tmp_path_factory.getbasetemp(), records), sample_id, epoch)
    assert mine == reference


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "must hold a list of records, and is dict"),
        ("[1", "is not JSON"),
        ("[5]", "Record 1 of .* is 5, not an object"),
        ('[{"id": 1}]', "Record 1 of .* has no 'value'"),
        ('[{"id": 1, "value": 1, "epoch": "x"}]', "an epoch that is no integer: 'x'"),
        ('[{"id": 1, "value": null}]', "Record 1 of .* is no score"),
        ('[{"id": 1, "value": 1}, {"id": "1", "value": 2}]', "Record 2 of .* is the second one for sample '1'"),
        (
            '[{"id": 1, "value": 1, "epoch": 2}, {"id": 1, "value": 2, "epoch": 2}]',
            "second one for sample '1', epoch 2",
        ),
    ],
)
def test_a_file_that_is_wrong_is_told_at_once(text, message, tmp_path):
    (tmp_path / "scores.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        precomputed_scores(str(tmp_path / "scores.json"))


def test_a_line_that_is_wrong_is_told(tmp_path):
    (tmp_path / "scores.jsonl").write_text('{"id": 1, "value": 1}\n{"id": ')
    with pytest.raises(ValueError, match="is not JSON Lines"):
        precomputed_scores(str(tmp_path / "scores.jsonl"))


def test_a_file_may_be_a_url(tmp_path):
    file = write(tmp_path, RECORDS)
    state = TaskState(sample_id="s1", target="y")
    assert run_now(precomputed_scores(f"file://{file}")(state, state.target)).value == 4


def test_every_sample_has_a_score_of_its_own(tmp_path):
    made = precomputed_scores(write(tmp_path, RECORDS))
    state = TaskState(sample_id="s1", epoch=2, target="y")
    run_now(made(state, state.target)).metadata["by"] = "me"
    assert run_now(made(state, state.target)).metadata == {"by": "bob"}


def test_on_missing_takes_two_words(tmp_path):
    with pytest.raises(ValueError, match='`on_missing` must be "unscored" or "error", not \'skip\''):
        precomputed_scores(write(tmp_path, RECORDS), on_missing="skip")


def test_metrics_are_those_that_were_given(tmp_path):
    file = write(tmp_path, RECORDS)
    assert [registry.log_name(m) for m in metrics_of(precomputed_scores(file))] == [
        "inspect_ai/accuracy", "inspect_ai/stderr",
    ]  # fmt: skip
    by_key = precomputed_scores(file, metrics={"helpful": [mean()]})
    info = ScorerInfo.from_scorer(by_key)
    assert list(info.metrics) == ["helpful"]
    assert info.params == {
        "scores": file, "metrics": {"helpful": [{"type": "metric", "name": "mean", "params": {}}]}
    }  # fmt: skip
    assert list(ScorerInfo.from_scorer(create_from_log("scorer", "precomputed_scores", info.params)).metrics) == [
        "helpful"
    ]


def test_a_factory_of_users_names_the_scores(tmp_path):
    file = write(tmp_path, RECORDS)

    @scorer(metrics=[accuracy()])
    def ratings():
        return precomputed_scores(file)

    info = ScorerInfo.from_scorer(create_from_log("scorer", "ratings", {}))
    assert (info.name, [registry.log_name(m) for m in info.metrics]) == ("ratings", ["inspect_ai/accuracy"])


def test_it_never_waits(tmp_path):
    assert never_suspends(precomputed_scores(write(tmp_path, RECORDS)))


@pytest.mark.parametrize("value", ["/etc/passwd", "https://example.org/scores.json", ["/etc/passwd"]])
def test_a_file_that_a_log_names_is_not_opened(value):
    with pytest.raises(InvalidOptionError, match=r"which is not opened. If you trust it"):
        create_from_log("scorer", "precomputed_scores", {"scores": value})
    nested = {"type": "scorer", "name": "inspect_ai/precomputed_scores", "params": {"scores": value}}
    with pytest.raises(InvalidOptionError, match="is not opened"):
        create_from_log("scorer", "cascade", {"first": nested})


def test_a_file_that_was_named_here_is_opened_again(tmp_path):
    file = write(tmp_path, RECORDS)
    with pytest.raises(InvalidOptionError, match="is not opened"):
        create_from_log("scorer", "precomputed_scores", {"scores": file})
    precomputed_scores(file)
    assert create_from_log("scorer", "precomputed_scores", {"scores": file}) is not None
