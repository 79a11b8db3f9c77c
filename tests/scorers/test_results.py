import json
import logging
import math
import tracemalloc

import inspect_ai.scorer as theirs
import pytest
from inspect_ai._eval.task.log import resolve_eval_scorers
from inspect_ai.scorer._scorer import as_scorer_spec

from evalstream.scorers import metrics, registry
from evalstream.scorers.errors import (
    InvalidMetricsError,
    InvalidOptionError,
    MetricError,
    ReducerError,
    UnknownNameError,
)
from evalstream.scorers.jsontext import dumps, loads
from evalstream.scorers.metric import metric
from evalstream.scorers.metrics import accuracy, grouped, mean, std, stderr
from evalstream.scorers.reducer import score_reducer
from evalstream.scorers.reducers import create_reducers, mean_score
from evalstream.scorers.results import (
    EvalMetric,
    EvalResults,
    EvalSampleReductions,
    EvalScore,
    HeadlineMetric,
    ScoreColumn,
    ScorerInfo,
    append_results,
    eval_results,
    metrics_from_header,
    metrics_to_header,
    reduction_entry,
    reduction_plan,
    resolve_headline,
    unique_scorer_names,
)
from evalstream.scorers.results.call import takes_scores
from evalstream.scorers.results.globs import expand
from evalstream.scorers.results.options import logged_options
from evalstream.scorers.score import SampleScore, Score
from evalstream.scorers.scorer import scorer
from evalstream.scorers.value import value_to_float

NAN = float("nan")


@pytest.fixture
def own_metric():
    """Registers a user's metric from a function over its scores."""

    def register(compute, name="own", **options):
        def factory():
            return compute

        return metric(name, **options)(factory)()

    return register


def results_of(column, declared, reducers=None, **options):
    return eval_results(
        total_samples=len(column),
        completed_samples=len(column),
        columns=[(ScorerInfo("s", declared), column, "s")],
        reducers=create_reducers(reducers),
        **options,
    )


def numbers(row):
    return {name: value.value for name, value in row.metrics.items()}


# --- columns


def test_a_column_is_a_sequence_of_sample_scores():
    full = Score(value="C", answer="4", explanation="so")
    column = ScoreColumn(["a", 2], ["C", "I"], [{"m": 1}, None], lambda i: [full, Score(value="I")][i], "match")
    assert column[0] == SampleScore(score=full, sample_id="a", sample_metadata={"m": 1}, scorer="match")
    assert column[-1].sample_id == 2
    assert [item.score.value for item in column] == ["C", "I"]
    assert [item.sample_id for item in column[1:]] == [2]
    assert column[::-1][0].score.value == "I"
    assert len(column) == 2
    with pytest.raises(IndexError):
        column[2]


def test_a_column_without_more_than_values_builds_plain_scores():
    column = ScoreColumn(["a"], ["C"])
    assert column[0] == SampleScore(score=Score(value="C"), sample_id="a")
    assert dumps(column[0].model_dump(mode="json")) == dumps(
        SampleScore(score=Score(value="C"), sample_id="a").model_dump(mode="json")
    )


def test_views_of_a_column_load_the_scores_that_they_stand_for():
    values = [{"a": 1}, NAN, {"a": NAN}, {"a": 2}]
    column = ScoreColumn("wxyz", values, lambda i: {"i": i}, lambda i: Score(value=values[i], answer=str(i)))
    leaves = column.scored().leaves("a").scored()
    assert [(s.sample_id, s.score.value, s.score.answer, s.sample_metadata) for s in leaves] == [
        ("w", 1, "0", {"i": 0}),
        ("z", 2, "3", {"i": 3}),
    ]


def test_epochs_are_grouped_by_the_text_of_the_id_and_scores_without_one_are_left_out():
    column = ScoreColumn([1, "b", "1", None, "b"], [1.0, 2.0, 3.0, 4.0, 5.0])
    reduced = column.reduced(mean_score())
    assert list(reduced.sample_ids) == [1, "b"]
    assert list(reduced.values) == [2.0, 3.5]
    assert column.epochs() == [[0, 2], [1, 4]]


def test_samples_of_one_epoch_each_stay_as_they_are():
    epochs = ScoreColumn([1, "b", "c"], [1.0, 2.0, 3.0]).epochs()
    assert list(epochs) == epochs[:] == [[0], [1], [2]]
    assert (len(epochs), epochs[-1]) == (3, [2])


def test_texts_mixed_with_other_values_reduce_like_them():
    column = ScoreColumn([1, 1, 2, 2, 3], ["C", 0.5, "C", "C", NAN])
    assert repr(list(column.reduced(mean_score()).values)) == "[0.75, 1.0, nan]"


def test_a_column_of_a_large_log_costs_no_more_than_its_references():
    ids, values = [f"s{i}" for i in range(50_000)], ["C"] * 50_000
    tracemalloc.start()
    try:
        column = ScoreColumn(ids, values)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(column) == 50_000
    assert kept < 10_000


# --- results


def test_one_row_per_reducer_then_the_unreduced_row(own_metric):
    column = ScoreColumn(["a", "a", "b", "b"], ["C", "I", "C", "C"])
    per_epoch = own_metric(lambda scores: float(len(scores)), scores="unreduced")
    rows = results_of(column, [accuracy(), per_epoch], ["mean", "at_least_2"]).scores
    assert [(row.reducer, numbers(row), row.scored_samples) for row in rows] == [
        ("mean", {"accuracy": 0.75}, 2),
        ("at_least_2", {"accuracy": 0.5}, 2),
        (None, {"own": 4.0}, 4),
    ]
    assert [row.reducer for row in results_of(column, [accuracy(), per_epoch]).scores] == ["mean", None]
    assert [row.reducer for row in results_of(column, [accuracy()]).scores] == [None]
    assert numbers(results_of(column, [accuracy(), per_epoch], []).scores[0]) == {"accuracy": 0.75, "own": 4.0}


def test_task_metrics_replace_those_of_every_scorer():
    [row] = results_of(ScoreColumn(["a"], ["C"]), [accuracy()], metrics=[mean(), std()]).scores
    assert numbers(row) == {"mean": 1.0, "std": 0.0}


def test_metrics_over_no_scored_sample_are_nan_and_shapes_are_kept(own_metric):
    [row] = results_of(ScoreColumn(["a"], [NAN]), [accuracy(), grouped(mean(), "g")]).scores
    assert (row.scored_samples, row.unscored_samples) == (0, 1)
    assert list(row.metrics) == ["accuracy", "all"]
    assert all(math.isnan(value) for value in numbers(row).values())


def test_a_metric_that_raises_on_an_empty_list_is_nan(own_metric, caplog):
    made = own_metric(lambda scores: 1 / len(scores), name="picky")
    for _ in range(2):
        [row] = results_of(ScoreColumn(["a"], [NAN]), [made]).scores
        assert math.isnan(row.metrics["picky"].value)
    assert caplog.text.count("'picky' raised on an empty list") == 1


def test_carried_members_come_through_in_inspects_order():
    results = results_of(
        ScoreColumn(["a"], ["C"]),
        [accuracy()],
        early_stopping={"manager": "m", "none": None},
        metadata={"k": None},
        logged_samples=1,
    )
    assert list(results.as_json()) == [
        "total_samples",
        "completed_samples",
        "logged_samples",
        "early_stopping",
        "scores",
        "headline",
        "metadata",
    ]
    assert results.as_json()["metadata"] == {"k": None}
    assert b'"none":null' in dumps(results.as_json())


def test_no_scorers_give_empty_results():
    results = eval_results(total_samples=3, completed_samples=2, columns=[])
    assert results.as_json() == {"total_samples": 3, "completed_samples": 2, "scores": []}


def test_nan_is_a_bare_word_in_the_log():
    row = EvalScore(name="a", scorer="a", metrics={"m": EvalMetric(name="m", value=NAN)})
    assert b'"value":NaN' in dumps(row.as_json())
    assert '"value":NaN' in row.model_dump_json(exclude_none=True)


def test_a_metric_that_raises_is_named(own_metric):
    def fails(scores):
        raise KeyError("missing")

    with pytest.raises(MetricError, match=r"The metric 'own' of scorer 's' raised KeyError") as caught:
        results_of(ScoreColumn(["a"], ["C"]), [accuracy(), own_metric(fails)])
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("value", [None, "many", {"a": "many"}, [object()], {"a": {"b": 1}}])
@pytest.mark.parametrize("by_key", [False, True])
def test_a_metric_that_gives_no_number_is_named(own_metric, value, by_key):
    made = own_metric(lambda scores: value)
    column = ScoreColumn(["a"], [{"k": 1.0}])
    with pytest.raises(MetricError, match="'own'"):
        results_of(column, {"*": [made]} if by_key else [made])


def test_a_reducer_that_raises_is_named_with_its_sample():
    @score_reducer
    def fails():
        def reduce(scores):
            raise RuntimeError("no")

        return reduce

    column = ScoreColumn(["a", "b", "b"], [1, {"x": 1}, 2])
    with pytest.raises(ReducerError, match=r"'mean' raised ValueError for sample 'b'"):
        results_of(column, [mean()])
    with pytest.raises(ReducerError, match=r"'fails' raised RuntimeError for sample 'a'"):
        results_of(column, [mean()], [fails()])
    with pytest.raises(ReducerError, match=r"'fails' raised RuntimeError for sample 'z'"):
        reduction_entry(fails(), [Score(value=1)], "z")


def test_values_that_do_not_fit_metrics_by_key():
    with pytest.raises(InvalidMetricsError, match=r"is 1\.0, not a dict"):
        results_of(ScoreColumn(["a"], [1.0]), {"x": [mean()]})
    with pytest.raises(InvalidMetricsError, match=r"sample 'b' has no key 'x'"):
        results_of(ScoreColumn(["a", "b"], [{"x": 1}, {"y": 1}]), {"*": [mean()]})


def test_a_reduced_metric_needs_reduction_if_there_are_epochs(own_metric):
    reduced = own_metric(lambda scores: 1.0, scores="reduced")
    with pytest.raises(ReducerError, match="reduction is off"):
        results_of(ScoreColumn([1, "1"], ["C", "I"]), {"*": [reduced]}, [])
    assert numbers(results_of(ScoreColumn([1, 2], ["C", "I"]), [reduced], []).scores[0]) == {"own": 1.0}


def test_old_metrics_get_scores_and_new_ones_a_list(own_metric):
    seen = []

    def untyped(scores):
        seen.append(scores)
        return 0.0

    def old(scores: list[Score]):
        seen.append(scores)
        return 0.0

    def new(scores: list[SampleScore]):
        seen.append(scores)
        return 0.0

    def unresolvable(scores: "list[Nowhere]"):  # noqa: F821
        seen.append(scores)
        return 0.0

    column = ScoreColumn(["a"], ["C"])
    results_of(column, [own_metric(m, m.__name__) for m in (untyped, old, new, unresolvable)])
    assert [type(scores) for scores in seen] == [list] * 4
    assert [type(scores[0]) for scores in seen] == [Score, Score, SampleScore, SampleScore]
    assert not takes_scores(accuracy())


def test_overlapping_globs_join_their_metrics_without_doubles():
    expanded = expand({"a_*": [mean(), stderr()], "*": [std(), mean()], "b[1]": [mean()]}, ["b[1]", "a_x", "A_x"])
    names = {key: [registry.short_log_name(m) for m in metrics] for key, metrics in expanded.items()}
    assert names == {"a_x": ["mean", "stderr", "std"], "b[1]": ["std", "mean"], "A_x": ["std", "mean"]}


def test_unique_scorer_names():
    assert unique_scorer_names(["match", "pkg/match", "match", "f1"]) == ["match", "match1", "match2", "f1"]


# --- what is known of scorers


def in_inspects_header(made):
    [entry] = resolve_eval_scorers([as_scorer_spec(made)])
    return loads(json.dumps(entry.model_dump(exclude_none=True)))


METRICS = ["accuracy", "mean", "stderr", "grouped", "ci", "ci_wilson", "frequency", "aggregate", "krippendorff_alpha"]


def scorer_in(library, declaration, **options):
    async def score(state, target):
        return None

    score.__annotations__ = {}
    metrics = {name: getattr(library, name) for name in METRICS}

    @library.scorer(metrics=declaration(**metrics), name="judge", level=3)
    def judge(**kwargs):
        return score

    return judge(**options)


class OurLibrary:
    scorer = staticmethod(scorer)


for _name in METRICS:
    setattr(OurLibrary, _name, staticmethod(getattr(metrics, _name)))


@pytest.mark.parametrize(
    "declaration",
    [
        lambda accuracy, stderr, **_: [accuracy(), stderr(cluster="c")],
        lambda mean, accuracy, **_: {"a_*": [mean(), accuracy()], "*": []},
        lambda mean, stderr, **_: [mean(), {"x": [stderr()]}],
        lambda grouped, mean, **_: [grouped(mean(), "g", all="groups")],
        lambda ci, ci_wilson, **_: [ci(), ci(0.9, "bootstrap", 10), ci_wilson(cluster="c")],
        lambda frequency, **_: {"*": [frequency(), frequency(("a", "b"), normalize=False)]},
        lambda aggregate, ci, **_: [aggregate("k", ci(cluster="c"), on_missing="skip")],
        lambda krippendorff_alpha, **_: [krippendorff_alpha(), krippendorff_alpha(level="ordinal")],
        lambda **_: [],
    ],
)
def test_headers_are_inspects_and_survive_the_round_trip(declaration):
    options = {"template": "t", "choices": ["a", ("b",)], "parse": json.dumps, "none": None, "inner": {"x": 1}}
    expected = in_inspects_header(scorer_in(theirs, declaration, **options))
    ours = ScorerInfo.from_scorer(scorer_in(OurLibrary, declaration, **options))
    assert dumps(ours.to_header()) == dumps(expected)
    assert dumps(ScorerInfo.from_header(expected).to_header()) == dumps(expected)
    assert dumps(metrics_to_header(metrics_from_header(expected["metrics"]))) == dumps(expected["metrics"])


def test_options_that_are_no_json_are_written_by_name():
    class Plain:
        pass

    class Named:
        name = "n"

    made = scorer_in(OurLibrary, lambda **_: [], a=Plain(), b=Named(), c=[Score(value=1)], d=(accuracy(),), e=Plain)
    reference = scorer_in(
        theirs, lambda **_: [], a=Plain(), b=Named(), c=[theirs.Score(value=1)], d=(theirs.accuracy(),), e=Plain
    )
    assert logged_options(made) == in_inspects_header(reference)["options"] | {"c": logged_options(made)["c"]}
    assert logged_options(made)["c"][0]["value"] == 1


def test_scores_of_unknown_origin_get_the_metrics_of_their_name_or_the_usual_ones():
    @scorer(metrics=[mean()])
    def known():
        return lambda state, target: None

    @scorer(metrics=[mean()])
    def needs_option(option):
        return lambda state, target: None

    def metric_names(name):
        return [registry.short_log_name(m) for m in ScorerInfo.from_name(name).metrics]

    assert metric_names("known") == ["mean"]
    assert metric_names("needs_option") == metric_names("nobody knows it") == ["accuracy", "stderr"]


def test_headers_that_cannot_be_made_again():
    with pytest.raises(UnknownNameError):
        ScorerInfo.from_header({"name": "s", "metrics": [{"name": "nobody/knows"}]})
    option = {"to_float": "to_float"}
    with pytest.raises(InvalidOptionError, match="function"):
        ScorerInfo.from_header({"name": "s", "metrics": [{"name": "inspect_ai/accuracy", "options": option}]})
    assert logged_options(accuracy(value_to_float())) == option
    assert ScorerInfo.from_header({"name": "s"}).metrics == []


def test_options_of_metrics_are_made_again_at_any_depth():
    made = []

    @metric
    def keeps(**options):
        made.append(options)
        return lambda scores: 0.0

    inner = {"type": "metric", "name": "inspect_ai/mean", "params": {}}
    metrics_from_header([{"name": "keeps", "options": {"a": [inner, 1], "b": {"c": inner}}}])
    [options] = made
    assert [registry.log_name(m) for m in (options["a"][0], options["b"]["c"])] == ["inspect_ai/mean"] * 2


def test_a_key_called_name_is_a_key():
    header = [{"name": [{"name": "inspect_ai/mean", "options": {}}]}]
    assert metrics_to_header(metrics_from_header(header)) == header


# --- headline, append, reductions


def row(scorer_name="match", name=None, reducer=None, metrics=("accuracy",)):
    return EvalScore(
        name=name or scorer_name,
        scorer=scorer_name,
        reducer=reducer,
        metrics={key: EvalMetric(name=key, value=1) for key in metrics},
    )


ROWS = [
    row(reducer="mean", metrics=("accuracy", "stderr")),
    row(reducer="max"),
    row("judge", "tone", metrics=("mean",)),
    row("empty", metrics=()),
]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({}, ("match", "match", "accuracy", "mean")),
        ({"metric": "stderr"}, ("match", "match", "stderr", "mean")),
        ({"reducer": "max"}, ("match", "match", "accuracy", "max")),
        ({"score": "tone"}, ("judge", "tone", "mean", None)),
        ({"metric": "mean"}, ("judge", "tone", "mean", None)),
        ({"reducer": "max", "metric": "stderr"}, ("match", "match", "accuracy", "mean")),
        ({"scorer": "nobody"}, ("match", "match", "accuracy", "mean")),
        ({"scorer": "empty"}, ("match", "match", "accuracy", "mean")),
    ],
)
def test_headline_is_the_first_that_fits(declared, expected):
    from inspect_ai.log import EvalResults as TheirResults
    from inspect_ai.log import HeadlineMetric as TheirHeadline
    from inspect_ai.log._headline import headline_metric_ref, resolve_headline_metric

    found = resolve_headline(ROWS, HeadlineMetric(**declared))
    assert (found.scorer, found.score, found.metric, found.reducer) == expected
    their_rows = TheirResults.model_validate({"scores": [r.as_json() for r in ROWS]})
    reference = headline_metric_ref(resolve_headline_metric(their_rows, TheirHeadline(**declared)))
    assert found.model_dump() == reference.model_dump()


def test_headline_of_nothing_and_a_stale_declaration(caplog):
    assert resolve_headline([]) is None
    assert resolve_headline([ROWS[3], ROWS[0]]) is None
    with caplog.at_level(logging.WARNING):
        resolve_headline(ROWS, HeadlineMetric(metric="gone"))
    assert "gone" in caplog.text


def test_append_keeps_what_is_there_and_finds_the_headline_anew():
    old = {
        "total_samples": 9,
        "completed_samples": 8,
        "scores": [ROWS[0].as_json() | {"extra": 1}],
        "metadata": {"k": None},
        "unknown": 1,
    }
    before = json.dumps(old)
    new = EvalResults(total_samples=1, completed_samples=1, scores=[ROWS[2]])
    appended = append_results(old, new, HeadlineMetric(score="tone"))
    assert json.dumps(old) == before
    assert list(appended) == ["total_samples", "completed_samples", "scores", "headline", "metadata", "unknown"]
    assert appended["total_samples"] == 9
    assert appended["scores"] == [old["scores"][0], ROWS[2].as_json()]
    assert appended["headline"] == {"scorer": "judge", "score": "tone", "metric": "mean"}
    assert append_results(None, new) == new.as_json()
    assert "headline" not in append_results({"scores": []}, EvalResults())


def test_reductions_plan(own_metric):
    per_epoch = own_metric(lambda scores: 1.0, scores="unreduced")

    def names(metrics, reducers):
        return [name for _, name in reduction_plan(ScorerInfo("s", metrics), create_reducers(reducers))]

    assert names([accuracy()], None) == [None]
    assert names([accuracy(), per_epoch], None) == ["mean"]
    assert names({"*": [accuracy()], "a": [per_epoch]}, ["max", "at_least_2"]) == ["max", "at_least_2"]
    assert names([{"*": [per_epoch]}], ["max"]) == names([], None) == names([accuracy()], []) == []


def test_reduction_entry_keeps_what_all_epochs_agree_on():
    scores = [
        Score(value="C", answer="4", explanation="a", reason="refusal", metadata={"m": None}),
        Score(value="I", answer="4", explanation="b", reason="refusal"),
    ]
    [reducer] = create_reducers("at_least_2")
    assert dumps(reduction_entry(reducer, scores, 7)) == (
        b'{"value":0,"answer":"4","reason":"refusal","metadata":{"m":null},"history":[],"sample_id":7}'
    )
    entry = EvalSampleReductions(scorer="s", samples=[reduction_entry(reducer, scores, 7)])
    assert list(entry.as_json()) == ["scorer", "samples"]
    assert list(reduction_entry(reducer, [Score(value=NAN)], None)) == ["value", "history"]
