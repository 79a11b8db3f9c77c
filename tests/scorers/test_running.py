import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalstream.scorers.aggregates import Place, RunningScorer, needed_metadata, needs_full_scores
from evalstream.scorers.metric import metric
from evalstream.scorers.metrics import (
    accuracy,
    aggregate,
    bootstrap_stderr,
    ci,
    ci_wilson,
    frequency,
    grouped,
    krippendorff_alpha,
    mean,
    std,
    stderr,
)
from evalstream.scorers.reducer import score_reducer
from evalstream.scorers.reducers import create_reducers, mean_score
from evalstream.scorers.results import ScoreColumn, ScorerInfo, eval_results
from evalstream.scorers.score import SampleScore, Score

NAN = float("nan")


@metric(scores="unreduced")
def epochs_seen():
    def compute(scores: list[SampleScore]):
        return len(scores)

    return compute


@score_reducer
def last():
    return lambda scores: scores[-1].model_copy(update={"answer": None})


def plain(*metrics):
    return [accuracy(), stderr(), *metrics]


DECLARATIONS = {
    "text": [
        plain(),
        plain(stderr(cluster="c"), grouped(mean(), "g")),
        plain(epochs_seen()),
        [ci_wilson(), frequency(["I", "P"]), accuracy()],
    ],
    "number": [
        plain(std()),
        [accuracy(), accuracy()],
        [grouped(accuracy(), "g", all="groups")],
        [ci(), ci(0.5, cluster="c"), ci_wilson(to_float=lambda value: abs(value) % 1)],
    ],
    "dict": [
        {"*": plain()},
        {"a": [mean()], "b*": [std()], "zzz": [mean()]},
        [mean(), {"b": [stderr(cluster="c")]}],
        [
            aggregate("a", mean(), on_missing="skip"),
            aggregate("b", ci(cluster="c")),
            {"*": [frequency(["C"]), krippendorff_alpha()]},
        ],
    ],
}
leaf = st.one_of(st.sampled_from(["C", "I", 0.25, 1, True]), st.floats(0, 1), st.just(NAN))
DICTS = st.tuples(leaf | st.none(), leaf, leaf).map(lambda leaves: dict(zip(("a", "b1", "b"), leaves, strict=True)))
VALUES = {
    "text": st.sampled_from(["C", "I", "P", NAN]),
    "number": st.one_of(st.floats(0, 1), st.integers(-3, 3), st.just(NAN)),
    "dict": st.one_of(*[DICTS] * 4, st.just(NAN)),
}


@st.composite
def histories(draw):
    kind = draw(st.sampled_from(list(VALUES)))
    reducers = draw(
        st.none()
        | st.lists(st.sampled_from(["mean", "max", "mode", "at_least_2", "pass_at_2", "last"]), max_size=2, unique=True)
    )
    declaration = draw(st.integers(0, 3))
    steps = draw(st.lists(st.tuples(st.integers(0, 6), st.lists(VALUES[kind], max_size=3)), max_size=25))
    return kind, declaration, reducers, steps


def metadata_of(sample):
    return {"c": sample // 2, "g": "xyz"[sample % 3]}


def one_row(recompute_value):
    return lambda metric, place: recompute_value


def final_rows(info, reducers, scores):
    order = sorted(scores)
    ids = [sample for sample in order for _ in scores[sample]]
    column = ScoreColumn(
        ids, [value for sample in order for value in scores[sample]], [metadata_of(sample) for sample in ids]
    )
    results = eval_results(total_samples=0, completed_samples=0, columns=[(info, column, info.name)], reducers=reducers)
    return [row.as_json() for row in results.scores]


def assert_alike(running, final):
    if isinstance(final, dict):
        assert set(running) == set(final)
        for key in final:
            assert_alike(running[key], final[key])
    elif isinstance(final, list):
        assert len(running) == len(final)
        for one, other in zip(running, final, strict=True):
            assert_alike(one, other)
    elif isinstance(final, float):
        same = math.isclose(running, final, rel_tol=1e-12, abs_tol=1e-12)
        assert same or (math.isnan(running) and math.isnan(final)), (running, final)
    else:
        assert running == final


@settings(max_examples=250)
@given(histories())
def test_running_rows_are_the_final_rows_over_the_same_scores(history):
    kind, declaration, names, steps = history
    info = ScorerInfo("s", DECLARATIONS[kind][declaration])
    reducers = create_reducers(names)
    running = RunningScorer(info, reducers, epochs=3)
    scores = {}
    for sample, after in steps:
        running.change(scores.get(sample, []), after, metadata_of(sample))
        scores[sample] = after
    scores = {sample: values for sample, values in scores.items() if values}

    fresh = RunningScorer(info, reducers, epochs=3)
    for sample in sorted(scores, reverse=True):
        fresh.change([], scores[sample], metadata_of(sample))

    def seen(metric, place: Place):
        return sum(not (isinstance(v, float) and math.isnan(v)) for values in scores.values() for v in values) or NAN

    rows = [row.as_json() for row in running.rows(seen)]
    assert json.dumps(rows) == json.dumps([row.as_json() for row in fresh.rows(seen)]), "history leaves no trace"
    assert_alike(rows, final_rows(info, reducers, scores))
    assert running.samples == len(scores)
    assert running.partial == sum(len(values) < 3 for values in scores.values())
    assert running.failed == 0


def test_counts_of_partial_samples():
    running = RunningScorer(ScorerInfo("s", [accuracy()]), None, epochs=2)
    running.change([], ["C"], None)
    running.change([], ["I", "C"], None)
    assert (running.samples, running.partial) == (2, 1)
    running.change(["C"], ["C", NAN], None)
    assert (running.samples, running.partial) == (2, 0)
    running.change(["I", "C"], [], None)
    assert (running.samples, running.partial) == (1, 0)
    [row] = running.rows()
    assert (row.scored_samples, row.unscored_samples, row.metrics["accuracy"].value) == (1, 0, 1.0)


def test_an_unscored_sample_is_not_a_zero():
    running = RunningScorer(ScorerInfo("s", [accuracy()]), None, epochs=1)
    running.change([], [NAN], None)
    [row] = running.rows()
    assert (row.scored_samples, row.unscored_samples) == (0, 1)
    assert math.isnan(row.metrics["accuracy"].value)


def test_a_metric_without_aggregate_is_left_to_the_caller():
    info = ScorerInfo("s", {"*": [mean(), bootstrap_stderr()]}, metadata={"m": 1})
    running = RunningScorer(info, create_reducers("max"), epochs=1, name="s1")
    running.change([], [{"a": 1.0}], None)
    assert list(running.rows()[0].metrics) == ["mean"]
    places = []
    [row] = running.rows(lambda metric, place: places.append(place) or 0.5)
    assert row.metrics["bootstrap_stderr"].value == 0.5
    assert places == [Place("max", "a")]
    assert (row.name, row.scorer, row.metadata) == ("a", "s1", {"m": 1})


def test_a_recomputed_value_that_is_no_number_spoils_no_other_metric():
    running = RunningScorer(ScorerInfo("s", [mean(), bootstrap_stderr(), std()]), None, epochs=1)
    running.change([], [1.0], None)
    [row] = running.rows(lambda metric, place: None)
    assert list(row.metrics) == ["mean", "std"]


def test_samples_that_a_reducer_cannot_reduce_are_counted_and_taken_back():
    running = RunningScorer(ScorerInfo("s", {"*": [mean()]}), None, epochs=2)
    running.change([], [{"a": 1}, {"b": 1}], None)
    running.change([], [{"a": 1}], None)
    running.change([], ["C"], None)
    assert running.failed == 2
    assert running.rows()[0].metrics["mean"].value == 1.0
    running.change([{"a": 1}, {"b": 1}], [{"a": 0}, {"a": 0}], None)
    running.change(["C"], [], None)
    assert running.failed == 0
    assert running.rows()[0].metrics["mean"].value == 0.5


def test_a_sample_without_its_cluster_makes_that_metric_nan_until_it_goes():
    running = RunningScorer(ScorerInfo("s", [accuracy(), stderr(cluster="c")]), None, epochs=1)
    running.change([], ["C"], {"c": 1})
    running.change([], ["I"], {})
    [row] = running.rows()
    assert row.metrics["accuracy"].value == 0.5
    assert math.isnan(row.metrics["stderr"].value)
    running.change(["I"], [], {})
    running.change([], ["I"], {"c": 2})
    assert running.rows()[0].metrics["stderr"].value > 0


def test_a_group_named_like_the_total_is_nan_while_running():
    running = RunningScorer(ScorerInfo("s", [grouped(mean(), "g")]), None, epochs=1)
    running.change([], ["C"], {"g": "all"})
    assert math.isnan(running.rows()[0].metrics["grouped"].value)


def test_globs_stand_for_themselves_until_a_dict_is_seen():
    running = RunningScorer(ScorerInfo("s", {"a_*": [mean()]}), None, epochs=1)
    running.change([], [NAN], None)
    assert [(row.name, row.unscored_samples) for row in running.rows()] == [("a_*", 1)]
    running.change([], [{"b": 1, "a_1": 2}], None)
    assert [(row.name, row.unscored_samples) for row in running.rows()] == [("a_1", 1)]


def test_needed_metadata():
    @metric
    def own():
        return lambda scores: 0.0

    assert needed_metadata(ScorerInfo("s", plain())) == set()
    assert needed_metadata(ScorerInfo("s", [bootstrap_stderr(), frequency(), krippendorff_alpha("ordinal")])) == set()
    assert needed_metadata(ScorerInfo("s", [ci(method="bootstrap", cluster="c"), ci_wilson(cluster="d")])) == {"c", "d"}
    assert needed_metadata(ScorerInfo("s", [aggregate("k", grouped(ci(cluster="c"), "g"))])) == {"c", "g"}
    assert needed_metadata(ScorerInfo("s", [aggregate("k", own())])) is None
    assert needed_metadata(ScorerInfo("s", {"*": [stderr(cluster="c")], "a": [grouped(std(), "g")]})) == {"c", "g"}
    assert needed_metadata(ScorerInfo("s", [accuracy(), {"a": [own()]}])) is None
    assert needed_metadata(ScorerInfo("s", [grouped(own(), "g")])) is None


def test_needs_full_scores():
    assert not needs_full_scores(ScorerInfo("s", plain(grouped(mean(), "g"))), [mean_score()])
    assert not needs_full_scores(ScorerInfo("s", [ci(), frequency(), aggregate("k", mean())]), None)
    assert needs_full_scores(ScorerInfo("s", [aggregate("k", epochs_seen())]), None)
    assert needs_full_scores(ScorerInfo("s", plain()), [last()])
    assert needs_full_scores(ScorerInfo("s", [epochs_seen()]), None)
    assert needs_full_scores(ScorerInfo("s", [grouped(epochs_seen(), "g")]), None)


@pytest.mark.parametrize("count", [100, 10_000])
def test_a_change_costs_the_same_however_many_scores_there_are(count):
    running = RunningScorer(
        ScorerInfo("s", [accuracy(), stderr(), stderr(cluster="c"), grouped(mean(), "g")]), None, epochs=1
    )
    for sample in range(count):
        running.change([], ["C" if sample % 3 else "I"], metadata_of(sample))
    calls = 0

    def trace(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    import sys

    sys.setprofile(trace)
    try:
        running.change([], ["C"], metadata_of(0))
    finally:
        sys.setprofile(None)
    assert calls < 120


def test_score_type_is_what_a_users_reducer_sees():
    seen = []

    @score_reducer
    def spy():
        return lambda scores: seen.extend(scores) or scores[0]

    RunningScorer(ScorerInfo("s", [mean()]), [spy()], epochs=1).change([], ["C"], None)
    assert seen == [Score(value="C")]
