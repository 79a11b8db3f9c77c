import inspect_ai.scorer
import pytest

import evalstream.scorers as own

NOT_YET = {
    "MetricProtocol",
    "ScoreReducers",
    "score",
}
"""Names of Inspect that evalstream does not have; a name that it gets must leave this list."""


def test_every_name_of_inspect_is_there_or_listed_as_not_there():
    assert set(inspect_ai.scorer.__all__) - set(own.__all__) == NOT_YET


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
