"""The examples of Inspect's pages on multiple scorers and scanners, in our words, scored by us and by Inspect.

===============================  ===================================================================================
Section                          Test
===============================  ===================================================================================
Example                          `test_one_scorer_gives_several_scores`
List of Scorers                  `test_two_judges_side_by_side`
Scorer with Multiple Values,     `test_metrics_by_key_by_glob_and_over_all`
with Complex Metrics
Reducing Multiple Scores         `test_a_jury_is_reduced_to_one_score`; Multi-Judge Reliability of the page on
                                 metrics: `test_agreement_of_raters_whose_scores_are_collected`
Cascading Scorers                `test_a_judge_is_asked_only_where_a_cheaper_scorer_did_not_settle_it`
Sandbox Access                   `test_a_file_that_the_agent_left_is_found`; more in `test_sandboxes_end_to_end.py`
Scanners as Scorers              `test_a_scanner_stands_beside_a_scorer`; more in `test_other_scorers.py`
===============================  ===================================================================================
"""

from __future__ import annotations

import inspect_ai.scorer as theirs
import pytest
from both_sides import Example, assert_same_results, assert_same_scores, evaluated, judges, score_both, without_options
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.solver import generate, solver
from inspect_ai.util import sandbox
from inspect_scout import as_scorer
from parity import SCORERS, assert_same_log, score_ours, score_theirs, their_file

from evalstream.scorers import match, model_graded_qa, resolve_scorer

SAID = {
    "Capital of France?": "Paris",
    "Capital of Italy?": "I think that it may well be Rome",
    "Capital of Spain?": "Madrid!",
    "Capital of Malta?": "The password is a secret, a secret",
}
SAMPLES = [
    Sample(input=question, target=target)
    for question, target in zip(SAID, ["Paris", "Rome", "Madrid", "Valletta"], strict=True)
]


@pytest.fixture
def example(tmp_path) -> Example:
    return Example("documented_multiple.py", tmp_path)


@pytest.fixture
def log(tmp_path):
    return evaluated(tmp_path, SAMPLES, SAID)


def by_both(example, log, folder, *names):
    ours = score_ours(log, folder / "ours.eval", *example.named(*names))
    scorers = [getattr(example.theirs, name)() for name in names]
    assert_same_log(ours, score_theirs(log, folder / "theirs.eval", scorers, action="overwrite"))
    return ours


def test_one_scorer_gives_several_scores(example, log, tmp_path):
    made = by_both(example, log, tmp_path, "right_and_short")
    assert {row.name: row.metrics["mean"].value for row in made.results.scores} == {"right": 0.75, "short": 0.5}


def test_metrics_by_key_by_glob_and_over_all(example, log, tmp_path):
    names = ("vowels", "vowels_by_a_glob", "vowels_by_two_patterns", "vowels_and_their_sum")
    made = by_both(example, log, tmp_path, *names)
    found = {(row.scorer, row.name): list(row.metrics) for row in made.results.scores}
    assert found["vowels", "a"] == found["vowels_by_a_glob", "a"] == ["mean", "stderr"]
    assert found["vowels_by_two_patterns", "a"] == ["mean"]
    assert found["vowels_by_two_patterns", "e"] == ["mean", "stderr"]
    assert found["vowels_and_their_sum", "vowels_and_their_sum"] == ["all_vowels"]


def test_two_judges_side_by_side(log):
    strict, kind = judges("GRADE: I", name="strict"), judges(lambda text: "GRADE: C", name="kind")
    ours, wanted = score_both(
        log,
        [model_graded_qa(model=strict[0]), model_graded_qa(model=kind[0])],
        [theirs.model_graded_qa(model=strict[1]), theirs.model_graded_qa(model=kind[1])],
    )
    without_options(ours, wanted)
    assert_same_scores(ours, wanted)
    assert [row.metrics["accuracy"].value for row in ours.results.scores] == [0, 1]
    assert list(ours.samples[0].scores) == ["model_graded_qa", "model_graded_qa1"]


def test_a_jury_is_reduced_to_one_score(example, log):
    def says(text):
        return "GRADE: C" if "Rome" in text else "GRADE: I"

    panel = [judges(says, name="a"), judges(says, name="b"), judges("GRADE: C", name="c")]
    ours, wanted = score_both(
        log,
        example.ours.jury([mine for mine, _ in panel]),
        example.theirs.jury([reference for _, reference in panel]),
    )
    assert ours.eval.scorers[0].options == {"judges": ["mockllm/a", "mockllm/b", "mockllm/c"]}
    without_options(ours, wanted)
    assert_same_scores(ours, wanted)
    assert [sample.scores["jury"].value for sample in ours.samples] == ["I", "C", "I", "I"]


def test_agreement_of_raters_whose_scores_are_collected(example, log, tmp_path):
    made = by_both(example, log, tmp_path, "raters")
    assert made.samples[1].scores["raters"].value == ["C", "C", "I"]
    assert 0 < made.results.scores[0].metrics["krippendorff_alpha"].value < 1


def test_a_judge_is_asked_only_where_a_cheaper_scorer_did_not_settle_it(example, log):
    asked: list[str] = []
    mine, reference = judges(lambda text: "GRADE: C" if "Rome" in text else "GRADE: I", asked=asked)
    ours, wanted = score_both(log, example.ours.cheap_ones_first(mine), example.theirs.cheap_ones_first(reference))
    without_options(ours, wanted)
    assert_same_scores(ours, wanted)
    decided = [sample.scores["cheap_ones_first"].metadata["decided_by"] for sample in ours.samples]
    assert decided == ["exact", "grader", "exact", "grader"]
    assert len(asked) == 4


def test_a_file_that_the_agent_left_is_found(example, tmp_path):
    @solver
    def writes_a_file():
        async def solve(state, generate):
            if state.sample_id == 1:
                await sandbox().write_file("hello.txt", "hello")
                (tmp_path / "left" / "1").mkdir(parents=True)
                (tmp_path / "left" / "1" / "hello.txt").write_text(await sandbox().read_file("hello.txt"))
            return state

        return solve

    samples = [Sample(input="Write hello.txt.", target="hello.txt"), Sample(input="Do nothing.", target="hello.txt")]
    log = evaluated(
        tmp_path, samples, "done", solver=[writes_a_file(), generate()], sandbox="local",
        scorer=example.theirs.left_behind(), score=True,
    )  # fmt: skip
    files = ("--sandbox-root", tmp_path / "left", "--sandbox-snapshot", "**/*.txt", "--action", "overwrite")
    ours = score_ours(log, tmp_path / "ours.eval", *example.named("left_behind"), *files)
    assert_same_results(ours, read_eval_log(str(log)))
    assert [sample.scores["left_behind"].value for sample in ours.samples] == [1, 0]


@pytest.mark.parametrize("name", ["secrets", "repeats_itself"])
def test_a_scanner_stands_beside_a_scorer(name, log, tmp_path):
    file, module = SCORERS / "documented_scanners.py", their_file("documented_scanners.py")
    ours = score_ours(log, tmp_path / "ours.eval", "--scorer", "match", "--scorer", f"{file}@{name}")
    reference = [theirs.match(), as_scorer(getattr(module, name)())]
    assert_same_log(ours, score_theirs(log, tmp_path / "theirs.eval", reference, action="overwrite"))
    assert [bool(sample.scores[name].value) for sample in ours.samples] == [False, False, False, True]
    in_python, _ = score_both(log, [match(), getattr(module, name)()], reference)
    assert_same_scores(in_python, ours)


def test_a_scanner_may_ask_models(log):
    named = resolve_scorer(f"{SCORERS / 'documented_scanners.py'}@gives_up")
    reference = as_scorer(their_file("documented_scanners.py").gives_up())
    mine, other = judges("?", name="judge")
    roles = ({"model_roles": {"grader": mine}}, {"model_roles": {"grader": other}})
    ours, wanted = score_both(log, named, reference, models=roles)
    assert_same_scores(ours, wanted)
    assert [sample.scores["gives_up"].value for sample in ours.samples] == [False, False, False, True]
    assert ours.samples[3].scores["gives_up"].explanation == "Yes: [M2] mockllm/model mockllm/judge"
