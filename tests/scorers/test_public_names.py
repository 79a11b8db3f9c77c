import asyncio
from typing import get_args

import inspect_ai.scorer
import pytest

import evalstream.scorers as own


def test_every_name_of_inspect_is_there():
    assert set(inspect_ai.scorer.__all__) <= set(own.__all__)


@pytest.mark.parametrize("name", ["Metric", "MetricProtocol", "ScoreReducer", "Scorer"])
def test_instances_are_told_by_their_kinds_as_in_inspect(name):
    makes = {"Metric": "accuracy", "MetricProtocol": "accuracy", "ScoreReducer": "mean_score", "Scorer": "match"}[name]
    for module in (own, inspect_ai.scorer):
        kind = getattr(module, name)
        assert isinstance(getattr(module, makes)(), kind)
        assert not isinstance("text", kind)


def test_reducers_are_one_or_several_by_name_or_instance():
    assert len(get_args(own.ScoreReducers)) == len(get_args(inspect_ai.scorer.ScoreReducers))


def test_reasons_are_inspects():
    assert get_args(own.ScoreReason) == get_args(inspect_ai.scorer.ScoreReason)


def test_a_conversation_cannot_be_scored_outside_a_running_task_in_either():
    with pytest.raises(RuntimeError, match="only be called while executing a task"):
        asyncio.run(inspect_ai.scorer.score(Conversation()))
    with pytest.raises(RuntimeError, match=r"call evalstream\.score\(log, scorers\)"):
        asyncio.run(own.score(Conversation()))


class Conversation:
    messages: list = []  # noqa: RUF012
    output = None


def test_the_constants_are_inspects():
    for name in ("CORRECT", "INCORRECT", "PARTIAL", "NOANSWER", "UNCHANGED"):
        assert getattr(own, name) == getattr(inspect_ai.scorer, name)


def test_all_lists_each_name_once_and_each_exists():
    assert len(own.__all__) == len(set(own.__all__))
    for name in own.__all__:
        assert getattr(own, name) is not None


def test_old_names_stay():
    assert own.bootstrap_std is own.bootstrap_stderr
    assert own.ProvenanceData is not None


@pytest.mark.parametrize(
    "name",
    [
        *("answer", "choice", "exact", "f1", "includes", "match", "pattern"),
        *("categorical", "frequency"),
        *("model_graded_fact", "model_graded_qa"),
        *("cascade", "math", "multi_scorer", "precomputed_scores"),
        *("perplexity", "target_perplexity"),
    ],
)
def test_factories_take_the_options_that_inspects_take(name):
    import inspect

    ours = inspect.signature(getattr(own, name)).parameters
    theirs = inspect.signature(getattr(inspect_ai.scorer, name)).parameters
    assert list(ours)[: len(theirs)] == list(theirs)
    for option, parameter in theirs.items():
        if not callable(parameter.default):
            assert (ours[option].default, ours[option].kind) == (parameter.default, parameter.kind)
    assert all(ours[option].default is None for option in set(ours) - set(theirs))
