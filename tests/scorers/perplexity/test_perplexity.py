"""`perplexity`, `target_perplexity` and their metrics, compared with Inspect's on the same log probabilities."""

import logging
import math

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, Logprob, Logprobs, ModelName, ModelOutput
from inspect_ai.solver import TaskState as InspectState
from metric_oracle import assert_same_bits
from text_oracle import facts

import evalstream.scorers as own
from evalstream.scorers import SampleError, TaskState, jsontext, run_now
from evalstream.scorers.aggregates import SCORE_METADATA, RunningScorer, needed_metadata, needed_score_metadata
from evalstream.scorers.metrics import accuracy, grouped, perplexity_per_seq, perplexity_per_token
from evalstream.scorers.results import ScoreColumn, ScorerInfo, eval_results
from evalstream.scorers.run import never_suspends
from evalstream.scorers.score import SampleScore, Score


def output_of(logprobs):
    """Output of a model; None for one without choices, "none" for one without log probabilities."""
    if logprobs is None:
        return ModelOutput(model="mockllm/model")
    content = None if logprobs == "none" else Logprobs(content=[Logprob(token=t, logprob=p) for t, p in logprobs])
    choice = ChatCompletionChoice(message=ChatMessageAssistant(content=""), prompt_logprobs=content)
    return ModelOutput(model="mockllm/model", choices=[choice])


def both(name, logprobs, metadata=None, **options):
    output = output_of(logprobs)
    state = InspectState(
        ModelName("mockllm/model"), 1, 1, "", [], theirs.Target(""), output=output, metadata=metadata or {}
    )
    reference = getattr(theirs, name)(**options)(state, state.target)
    members = {"id": b"1", "epoch": b"1", "target": b'""', "output": output.model_dump_json().encode()}
    members["metadata"] = jsontext.dumps(metadata or {})
    ours = TaskState.from_sample(members, model="mockllm/model")
    return run_now(getattr(own, name)(**options)(ours, ours.target)), run_now(reference)


logprobs = st.lists(
    st.tuples(st.sampled_from(["a", " b", ""]), st.one_of(st.floats(-9, 0), st.floats(-1e6, 0))), max_size=6
)


@settings(max_examples=60)
@given(logprobs)
def test_perplexity_is_inspects(tokens):
    ours, reference = both("perplexity", tokens)
    assert facts(ours) == facts(reference)


@settings(max_examples=60)
@given(
    tokens=logprobs, option=st.one_of(st.none(), st.integers(-1, 7)), stated=st.one_of(st.none(), st.integers(-1, 7))
)
def test_target_perplexity_is_inspects(tokens, option, stated):
    metadata = {} if stated is None else {"num_target_tokens": stated}
    ours, reference = both("target_perplexity", tokens, metadata, num_target_tokens=option)
    assert facts(ours) == facts(reference)


@pytest.mark.parametrize("name", ["perplexity", "target_perplexity"])
@pytest.mark.parametrize("tokens", [None, "none", []], ids=["no choices", "no logprobs", "no tokens"])
def test_without_log_probabilities_a_sample_is_unscored(name, tokens):
    ours, reference = both(name, tokens)
    assert facts(ours) == facts(reference)
    assert ours.reason == "scoring_failed"


def target_score(tokens, metadata, **options):
    members = {"id": b'"s"', "target": b'""', "output": output_of(tokens).model_dump_json().encode()}
    members["metadata"] = jsontext.dumps(metadata)
    state = TaskState.from_sample(members)
    return run_now(own.target_perplexity(**options)(state, state.target))


def test_tokens_of_the_target_text_are_counted_in_the_prompt():
    tokens = [("2", -5.0), (" +", -4.0), (" 2", -3.0), (" =", -2.0), (" fo", -1.0), ("ur", -0.5)]
    assert target_score(tokens, {"target_text": " four"}).metadata["num_tokens"] == 2
    assert target_score(tokens, {"end": "ur"}, target_text_key="end").metadata["num_tokens"] == 1
    assert target_score(tokens, {"target_text": " four", "num_target_tokens": 3}).metadata["num_tokens"] == 3


@pytest.mark.parametrize("text", ["our", "five", " 2 = four and more"])
def test_a_target_text_that_is_not_the_prompt_s_end_is_an_error(text):
    tokens = [(" fo", -1.0), ("ur", -0.5)]
    with pytest.raises(SampleError, match="is not what the prompt's last tokens say"):
        target_score(tokens, {"target_text": text})


def test_without_any_word_of_it_the_target_is_one_token_and_a_warning_says_so_once(caplog):
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert target_score([("a", -1.0), ("b", -2.0)], {}, target_text_key="nowhere").value == 2.0
    assert [record.message for record in caplog.records if "nowhere" in record.message] == [
        "target_perplexity: a sample's metadata have neither 'num_target_tokens' nor 'nowhere', so its target counts as"
        " one token."
    ]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("content.0.logprob", {"content": [{"token": "a", "logprob": None}]}),
        ("content.1.logprob", {"content": [{"token": "a", "logprob": -1}, {"token": "b", "logprob": "x"}]}),
        ("content", {"content": 5}),
    ],
)
def test_malformed_log_probabilities_name_the_field(field, change):
    choice = {"message": {"role": "assistant", "content": ""}, "prompt_logprobs": change}
    state = TaskState.from_sample({"id": b"1", "target": b'""', "output": jsontext.dumps({"choices": [choice]})})
    with pytest.raises(SampleError, match=f"output.choices.0.prompt_logprobs.{field}"):
        run_now(own.perplexity()(state, state.target))


def test_a_number_of_tokens_that_is_no_number_is_an_error():
    with pytest.raises(SampleError, match="num_target_tokens"):
        target_score([("a", -1.0)], {"num_target_tokens": "two"})


def test_both_never_wait():
    assert never_suspends(own.perplexity())
    assert never_suspends(own.target_perplexity())


counts = st.one_of(
    st.none(),
    st.fixed_dictionaries({}, optional={"num_tokens": st.integers(0, 9), "sum_log_probs": st.floats(-2000, 0)}),
)


@settings(max_examples=60)
@given(st.lists(counts, max_size=8))
def test_the_metrics_are_inspects(metadata):
    for name in ("perplexity_per_token", "perplexity_per_seq"):
        reference = getattr(theirs, name)()(
            [theirs.SampleScore(score=theirs.Score(value=0.0, metadata=item)) for item in metadata]
        )
        scores = [SampleScore(score=Score(value=0.0, metadata=item)) for item in metadata]
        column = ScoreColumn(
            [f"s{i}" for i in range(len(metadata))],
            [0.0] * len(metadata),
            load=lambda i: Score(value=0.0, metadata=metadata[i]),
        )
        for of_ours in (scores, column):
            assert repr(getattr(own, name)()(of_ours)) == repr(reference)


def test_without_scores_the_metrics_are_not_a_number():
    assert_same_bits("perplexity_per_token", {}, {}, [])
    assert_same_bits("perplexity_per_seq", {}, {}, [])


def test_what_the_metrics_read_of_a_score_is_told():
    info = ScorerInfo("s", {"*": [grouped(perplexity_per_seq(), "topic")], "a": [accuracy()]})
    assert needed_score_metadata(info) == {"num_tokens", "sum_log_probs"}
    assert needed_metadata(info) == {"topic"}
    assert needed_score_metadata(ScorerInfo("s", [accuracy()])) == set()


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.tuples(st.integers(1, 9), st.floats(-50, 0)), min_size=1, max_size=3), min_size=1, max_size=6)
)
def test_running_rows_are_those_of_the_final_results_with_epochs_too(samples):
    info = ScorerInfo("perplexity", [perplexity_per_token(), perplexity_per_seq()])
    running = RunningScorer(info, None, epochs=3)
    ids, scores = [], []
    for number, epochs in enumerate(samples):
        told = [{"num_tokens": tokens, "sum_log_probs": total} for tokens, total in epochs]
        values = [-total / tokens for tokens, total in epochs]
        running.change([], values, {SCORE_METADATA: told[0]})
        ids.extend([f"s{number}"] * len(epochs))
        scores.extend(Score(value=value, metadata=item) for value, item in zip(values, told, strict=True))
    column = ScoreColumn(ids, [score.value for score in scores], load=lambda i: scores[i])
    final = eval_results(total_samples=0, completed_samples=0, columns=[(info, column, "perplexity")]).scores
    (row,) = running.rows()
    for name, metric in final[0].metrics.items():
        assert math.isclose(row.metrics[name].value, metric.value, rel_tol=1e-9)
