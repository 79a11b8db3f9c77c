"""`cascade`, compared with Inspect's."""

import asyncio

import inspect_ai.scorer as theirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import ModelName, ModelOutput
from inspect_ai.solver import TaskState as InspectState
from text_oracle import facts

import evalstream.scorers as own
from evalstream.scorers import Score, TaskState, cascade, exact, includes, run_now
from evalstream.scorers.results import ScorerInfo
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.run import never_suspends

NAN = float("nan")

_loop = asyncio.new_event_loop()


def says(module, value, asked):
    async def score(state, target):
        asked.append(value)
        return None if value is None else module.Score(value=value, metadata={"of": str(value)}, answer="a")

    return score


values = st.one_of(st.none(), st.just(NAN), st.sampled_from(["C", "I", "P", "N", "0.7"]), st.floats(0, 2), st.just([1]))


@settings(max_examples=80)
@given(said=st.lists(values, max_size=4), threshold=st.sampled_from([1.0, 0.5, 0, -1, 3]))
def test_the_first_that_settles_decides_as_with_inspect(said, threshold):
    outcomes = []
    for module in (own, theirs):
        asked = []
        stages = {f"stage{index}": says(module, value, asked) for index, value in enumerate(said)}
        made = module.cascade(threshold, **stages)
        if module is own:
            state = TaskState(output="x", target="y")
        else:
            output = ModelOutput(model="mockllm/model", completion="x")
            state = InspectState(ModelName("mockllm/model"), 1, 1, "", [], theirs.Target("y"), output=output)
        outcomes.append((facts(_loop.run_until_complete(made(state, state.target))), repr(asked)))
    assert outcomes[0] == outcomes[1]


def test_it_can_be_made_again_from_the_log():
    info = ScorerInfo.from_scorer(cascade(0.5, strict=exact(), loose=includes(ignore_case=False)))
    assert info.params == {
        "threshold": 0.5,
        "strict": {"type": "scorer", "name": "exact", "params": {}},
        "loose": {"type": "scorer", "name": "includes", "params": {"ignore_case": False}},
    }
    again = create_from_log("scorer", "cascade", info.params)
    state = TaskState(output="It is Paris", target="Paris")
    assert run_now(again(state, state.target)).metadata == {"decided_by": "loose"}


def test_it_waits_only_if_a_scorer_of_it_does():
    async def judge(state, target):
        return Score(value=1)

    assert never_suspends(cascade(strict=exact(), loose=includes()))
    assert not never_suspends(cascade(strict=exact(), judge=judge))


def test_the_scores_of_its_scorers_stay_as_they_were():
    kept = Score(value="C", metadata={"own": 1})

    async def judge(state, target):
        return kept

    state = TaskState(output="x", target="y")
    assert run_now(cascade(judge=judge)(state, state.target)).metadata == {"own": 1, "decided_by": "judge"}
    assert kept.metadata == {"own": 1}


def test_what_is_no_scorer_is_told():
    with pytest.raises(TypeError, match="'exact' is not a scorer"):
        cascade(strict="exact")
