"""`multi_scorer` and `majority_vote`, compared with Inspect's `multi_scorer`."""

import asyncio

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.scorer._scorer import as_scorer_spec
from inspect_ai.solver import TaskState as InspectState
from text_oracle import facts

import evalstream.scorers as own
from evalstream.scorers import (
    InvalidOptionError,
    Score,
    TaskState,
    UnknownNameError,
    accuracy,
    as_scorers,
    cascade,
    exact,
    f1,
    includes,
    majority_vote,
    match,
    multi_scorer,
    pattern,
    run_now,
    scorer,
)
from evalstream.scorers.combine.multi_scorer import _together
from evalstream.scorers.registry import unqualified
from evalstream.scorers.results import ScorerInfo
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.run import never_suspends, runs_expression
from evalstream.scorers.scorer import metrics_of

NAN = float("nan")

_loop = asyncio.new_event_loop()


def made(module, said):
    """Scorers of users that say what they are told to, by one library or the other."""

    def one(value):
        @module.scorer(metrics=[module.mean()])
        def says():
            async def score(state, target) -> module.Score:
                await asyncio.sleep(0)
                return None if value is None else module.Score(value=value, answer=f"a{value}", explanation="e")

            return score

        return says()

    return [one(value) for value in said]


def both(said, reducer):
    mine = multi_scorer(made(own, said), reducer)
    reference = theirs.multi_scorer(made(theirs, said), reducer)
    state = TaskState(output="x", target="y")
    output = ModelOutput(model="mockllm/model", completion="x")
    their_state = InspectState(ModelName("mockllm/model"), 1, 1, "", [], theirs.Target("y"), output=output)
    outcomes = []
    for scoring in (mine(state, state.target), reference(their_state, their_state.target)):
        try:
            outcomes.append(facts(_loop.run_until_complete(scoring)))
        except Exception as error:  # noqa: BLE001
            outcomes.append(type(error))
    return outcomes


values = st.one_of(
    st.none(),
    st.just(NAN),
    st.sampled_from(["C", "I", "P"]),
    st.integers(0, 2),
    st.just({"a": 1, "b": "C"}),
    st.just([1]),
)


@settings(max_examples=80)
@given(
    said=st.lists(values, max_size=5),
    reducer=st.sampled_from(["mean", "median", "mode", "max", "majority", "at_least_2", "pass_at_1", "collect"]),
)
def test_scores_are_reduced_as_inspect_reduces_them(said, reducer):
    mine, reference = both(said, reducer)
    assert mine == reference


@pytest.mark.parametrize("reducer", ["mode", "at_least_2"])
def test_the_log_says_the_same_of_it(reducer):
    mine = ScorerInfo.from_scorer(multi_scorer([includes(ignore_case=False), match(location="any")], reducer))
    spec = as_scorer_spec(
        theirs.multi_scorer([theirs.includes(ignore_case=False), theirs.match(location="any")], reducer)
    )
    ours = mine.to_header()
    assert ours["options"]["reducer"] == spec.args["reducer"]
    for part, their_part in zip(ours["options"]["scorers"], spec.args["scorers"], strict=True):
        assert part["type"] == their_part["type"]
        assert unqualified(part["name"]) == unqualified(their_part["name"])
        assert part["params"] == their_part["params"]
    assert ours["name"] == spec.scorer


def test_it_can_be_made_again_from_the_log():
    info = ScorerInfo.from_scorer(multi_scorer([includes(), match(location="any")], own.at_least(2)))
    again = create_from_log("scorer", "multi_scorer", info.params)
    state = TaskState(output="4 is 4 of course", target="4")
    assert run_now(again(state, state.target)).value == 1
    assert ScorerInfo.from_scorer(again).params == info.params


def test_metrics_are_those_of_the_first_scorer_that_is_registered():
    async def unregistered(state, target):
        return Score(value=1)

    names = [
        own.registry.log_name(metric) for metric in metrics_of(multi_scorer([unregistered, f1(), match()], "mean"))
    ]
    assert names == ["inspect_ai/mean", "inspect_ai/stderr"]
    assert metrics_of(multi_scorer([unregistered], "mean")) == []


def test_a_factory_of_users_that_returns_one_keeps_its_own_metrics():
    @scorer(metrics=[accuracy()])
    def panel():
        return multi_scorer([f1(), exact()], "max")

    assert [own.registry.log_name(metric) for metric in metrics_of(panel())] == ["inspect_ai/accuracy"]


def test_of_scorers_that_never_wait_it_never_waits():
    assert never_suspends(multi_scorer([match(), exact()], "mode"))
    assert never_suspends(multi_scorer([match(), multi_scorer([f1()], "mean")], majority_vote))
    assert not never_suspends(multi_scorer(made(own, ["C"]), "mode"))
    assert not never_suspends(multi_scorer([match()], lambda scores: scores[0]))


def test_an_expression_of_a_user_in_it_is_seen():
    panel = multi_scorer([match(), cascade(first=exact(), last=pattern("(x+)+$"))], "mode")
    assert runs_expression(panel)
    assert not runs_expression(multi_scorer([match()], "mode"))


def test_scorers_run_at_the_same_time():
    async def run():
        arrived, both_there = [], asyncio.Event()

        async def waits(state, target):
            arrived.append(None)
            if len(arrived) == 2:
                both_there.set()
            await both_there.wait()
            return Score(value=1)

        state = TaskState(output="x", target="y")
        return await asyncio.wait_for(multi_scorer([waits, waits], "mean")(state, state.target), 30)

    assert asyncio.run(run()).value == 1


def test_if_one_raises_the_others_are_given_up():
    async def run():
        ended = []

        async def hangs():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

        async def raises():
            raise ValueError("no judge")

        with pytest.raises(ValueError, match="no judge"):
            await _together([hangs(), raises()])
        return ended

    assert asyncio.run(run()) == ["cancelled"]


@pytest.mark.parametrize(
    ("scorers", "message"),
    [
        (["match"], "'match' is not a scorer: make one"),
        ([match], "'match' is a scorer factory: call it"),
        ([accuracy()], "'inspect_ai/accuracy' is a metric, not a scorer"),
    ],
)
def test_what_is_no_scorer_is_told(scorers, message):
    with pytest.raises(TypeError, match=message):
        multi_scorer(scorers, "mode")


def test_an_unknown_reducer_is_told():
    with pytest.raises(UnknownNameError, match="mode"):
        multi_scorer([match()], "mod")


def test_a_log_that_names_a_scorer_that_nobody_can_make_is_told():
    with pytest.raises(InvalidOptionError, match="'score' is not a scorer"):
        create_from_log("scorer", "multi_scorer", {"scorers": ["score"], "reducer": "mode"})


def test_one_scorer_is_a_list_of_one():
    one = match()
    assert as_scorers(one) == [one]


def test_the_majority_of_older_evals_is_the_most_frequent_value():
    scores = [Score(value="I", answer="7", explanation="e"), Score(value="C"), Score(value="C"), Score(value=NAN)]
    voted = majority_vote(scores)
    assert (voted.value, voted.answer, voted.explanation) == ("C", "7", "e")
    assert [each["value"] for each in voted.metadata["individual_scores"][:3]] == ["I", "C", "C"]
    assert majority_vote(scores[:2]).value == "I"
    assert majority_vote([Score(value=NAN)]).value != majority_vote([Score(value=NAN)]).value
    with pytest.raises(ValueError, match="not a scalar"):
        majority_vote([Score(value=[1])])


def test_the_majority_may_be_named_or_given():
    state = TaskState(output="The answer is 42", target="42")
    for reducer in ("majority_vote", majority_vote):
        panel = multi_scorer([match(), exact(), includes()], reducer)
        assert run_now(panel(state, state.target)).value == "C"
        again = create_from_log("scorer", "multi_scorer", ScorerInfo.from_scorer(panel).params)
        assert run_now(again(state, state.target)).value == "C"
