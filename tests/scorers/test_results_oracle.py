"""Whole results and reductions, compared with Inspect's own on the same scores: text for text, key order included."""

import logging
import math

import inspect_ai.scorer as theirs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inspect_ai._eval.task.results import ScorerInfo as TheirInfo
from inspect_ai._eval.task.results import eval_results as their_results
from inspect_ai.log import HeadlineMetric as TheirHeadline
from inspect_ai.scorer._reducer.registry import create_reducers as their_reducers

from evalstream.scorers import metrics as our_metrics
from evalstream.scorers.errors import ScorersError
from evalstream.scorers.jsontext import dumps
from evalstream.scorers.metric import metric
from evalstream.scorers.reducer import score_reducer
from evalstream.scorers.reducers import create_reducers
from evalstream.scorers.results import (
    HeadlineMetric,
    ScoreColumn,
    ScorerInfo,
    eval_results,
    reduction_entry,
    reduction_plan,
    unique_scorer_names,
)
from evalstream.scorers.score import SampleScore, Score

NAN = float("nan")


@pytest.fixture(autouse=True, scope="module")
def _quiet():
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def custom(metric, sample_score, score):
    """Metrics and a reducer of users, made with one library's decorators or the other's."""

    @metric
    def lo_hi():
        def compute(scores: list[sample_score]):
            floats = [float(s.score.value) for s in scores if isinstance(s.score.value, (int, float))]
            return {"lo": min(floats, default=None), "hi": max(floats, default=None)}

        return compute

    @metric
    def several():
        def compute(scores: list[sample_score]):
            return [len(scores), None, sum(bool(s.score.answer) for s in scores)]

        return compute

    @metric
    def untyped():
        def compute(scores):
            return len({s.answer for s in scores})

        return compute

    @metric
    def old():
        def compute(scores: list[score]):
            return sum(len(s.explanation or "") for s in scores)

        return compute

    @metric(scores="unreduced")
    def every_epoch():
        def compute(scores: list[sample_score]):
            return float(sum(str(s.score.value) == "C" for s in scores))

        return compute

    @metric(scores="reduced")
    def as_text(prefix="n"):
        def compute(scores: list[sample_score]):
            return str(len(scores))

        return compute

    @metric(name="pkg/name")
    def with_metadata():
        def compute(scores: list[sample_score]):
            return sum(len(s.sample_metadata or {}) + len(str(s.sample_id)) for s in scores)

        return compute

    @metric
    def fails():
        def compute(scores: list[sample_score]):
            raise RuntimeError("no")

        return compute

    @metric
    def words():
        def compute(scores: list[sample_score]):
            return "many"

        return compute

    return {
        "lo_hi": lo_hi,
        "several": several,
        "untyped": untyped,
        "old": old,
        "every_epoch": every_epoch,
        "as_text": as_text,
        "with_metadata": with_metadata,
        "fails": fails,
        "words": words,
    }


def longest(score_reducer, score_type):
    @score_reducer(name="longest")
    def make(k=1):
        def reduce(scores):
            best = max(scores, key=lambda s: len(s.answer or ""))
            return score_type(value=len(best.answer or "") * k, answer=best.answer, metadata={"n": len(scores)})

        return reduce

    return make


OURS = custom(metric, SampleScore, Score)
THEIRS = custom(theirs.metric, theirs.SampleScore, theirs.Score)
OUR_LONGEST = longest(score_reducer, Score)
THEIR_LONGEST = longest(theirs.score_reducer, theirs.Score)


def unit(value):
    """Bring any value into [0, 1]."""
    return abs(value) % 1.0 if isinstance(value, (int, float)) and math.isfinite(value) else float(value == "C")


def make(spec, own):
    """A metric from (name, options)."""
    name, options = spec
    options = {k: make(v, own) if k in {"metric", "agg"} else v for k, v in options.items()}
    factories = OURS if own else THEIRS
    return (factories[name] if name in factories else getattr(our_metrics if own else theirs, name))(**options)


def declare(specs, own):
    if isinstance(specs, dict):
        return {key: [make(s, own) for s in of_key] for key, of_key in specs.items()}
    return [declare(s, own) if isinstance(s, dict) else make(s, own) for s in specs]


plain_metrics = st.sampled_from(
    [
        ("accuracy", {}),
        ("accuracy", {}),
        ("mean", {}),
        ("std", {}),
        ("var", {}),
        ("stderr", {}),
        ("stderr", {"cluster": "c"}),
        ("grouped", {"metric": ("accuracy", {}), "group_key": "g"}),
        ("grouped", {"metric": ("mean", {}), "group_key": "g", "all": "groups", "name_template": "g_{group_name}"}),
        ("grouped", {"metric": ("stderr", {}), "group_key": "g", "all": False}),
        ("grouped", {"metric": ("several", {}), "group_key": "g", "all": False}),
        ("lo_hi", {}),
        ("several", {}),
        ("untyped", {}),
        ("old", {}),
        ("every_epoch", {}),
        ("as_text", {"prefix": "m"}),
        ("with_metadata", {}),
        ("ci", {}),
        ("ci", {"level": 0.5, "cluster": "c"}),
        ("ci", {"method": "bootstrap", "num_samples": 10}),
        ("ci", {"method": "bootstrap", "num_samples": 5, "cluster": "c"}),
        ("ci_wilson", {}),
        ("ci_wilson", {"level": 0.8, "to_float": unit}),
        ("ci_wilson", {"to_float": unit, "cluster": "c"}),
        ("grouped", {"metric": ("ci", {}), "group_key": "g"}),
        ("frequency", {}),
        ("frequency", {"categories": ["C", "1.0"], "normalize": False}),
        ("aggregate", {"key": "a", "agg": ("mean", {}), "on_missing": "skip"}),
        ("krippendorff_alpha", {}),
    ]
)
dict_metrics = st.sampled_from(
    [
        ("aggregate", {"key": "a", "agg": ("mean", {})}),
        ("aggregate", {"key": "b", "agg": ("stderr", {"cluster": "c"}), "on_missing": "zero"}),
        ("aggregate", {"key": "a_1", "agg": ("ci", {"level": 0.9}), "to_float": unit, "on_missing": "skip"}),
        ("aggregate", {"key": "name", "agg": ("frequency", {}), "on_missing": "skip"}),
        ("aggregate", {"key": "a", "agg": ("every_epoch", {}), "on_missing": "skip"}),
        (
            "grouped",
            {"metric": ("aggregate", {"key": "a", "agg": ("accuracy", {}), "on_missing": "skip"}), "group_key": "g"},
        ),
    ]
)
list_metrics = st.sampled_from(
    [
        ("krippendorff_alpha", {}),
        ("krippendorff_alpha", {"level": "ordinal", "to_float": unit}),
        ("krippendorff_alpha", {"level": "interval"}),
        ("grouped", {"metric": ("krippendorff_alpha", {"level": "ordinal"}), "group_key": "g", "all": "groups"}),
    ]
)
metric_lists = st.lists(plain_metrics | plain_metrics | plain_metrics, max_size=4)
metric_dicts = st.dictionaries(
    st.sampled_from(["a", "b", "a_*", "*", "[ab]", "nothing", "A", "name"]), metric_lists, max_size=3
)
declarations = st.one_of(
    metric_lists, metric_dicts, st.tuples(metric_lists, metric_dicts).map(lambda parts: [*parts[0], parts[1]])
)
numbers = st.one_of(
    st.integers(-3, 3), st.floats(0, 1), st.sampled_from([0.1, 0.2, 0.3]), st.floats(-1e6, 1e6), st.booleans()
)
texts = st.sampled_from(["C", "I", "P", "N", "yes", "no", "0.25", "other", "", "nan"])
nans = st.builds(float, st.just("nan"))  # each its own: raters that are NaN are equal if they are one object
scalars = st.one_of(texts, texts, numbers, numbers, nans)
KEYS = ["a", "a_1", "b", "name"]


@st.composite
def value_kinds(draw):
    """Strategies for the values of one scorer, mostly of one kind, and for metrics that mostly fit it."""
    fitting = draw(st.integers(0, 9)) > 0
    kind = draw(st.sampled_from(["text", "number", "scalar", "dict", "dict", "list", "any"]))
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, unique=True))
    leaf = st.one_of(numbers, numbers, texts, st.none(), nans)
    dicts = st.one_of(*[st.fixed_dictionaries(dict.fromkeys(keys, leaf))] * 4, nans)
    lists = st.one_of(*[st.lists(scalars, min_size=2, max_size=2)] * 4, nans)
    values = {
        "text": st.one_of(texts, texts, nans),
        "number": st.one_of(numbers, numbers, nans),
        "scalar": scalars,
        "dict": dicts,
        "list": lists,
        "any": st.one_of(scalars, dicts, lists),
    }[kind]
    if not fitting:
        return values, declarations
    if kind == "list":
        return values, st.lists(plain_metrics | list_metrics | list_metrics, max_size=4)
    if kind != "dict":
        return values, metric_lists
    dict_lists = st.lists(plain_metrics | dict_metrics | dict_metrics, max_size=3)
    both = st.tuples(dict_lists, metric_dicts).map(lambda parts: [*parts[0], parts[1]])
    return values, st.one_of(metric_dicts, metric_dicts, both)


@st.composite
def runs(draw):
    ids = draw(st.lists(st.integers(0, 5) | st.sampled_from(["0", "s1", "s2"]), unique=True, min_size=1, max_size=6))
    epochs = draw(st.integers(1, 4))
    scorers = []
    for name in draw(st.lists(st.sampled_from(["one", "two", "one"]), min_size=1, max_size=3)):
        values, declared = draw(value_kinds())
        scores = {}
        for epoch in range(epochs):
            for index in range(len(ids)):
                if draw(st.integers(0, 9)):
                    metadata = draw(st.sampled_from([None, None, {"m": None}, {"unscored_reason": "old"}]))
                    scores[epoch, index] = {
                        "value": draw(values),
                        "answer": draw(st.sampled_from([None, "x", "yy"])),
                        "explanation": draw(st.sampled_from([None, "why"])),
                        "reason": draw(st.sampled_from([None, None, "refusal"])),
                        "metadata": metadata,
                    }
        scorers.append((name, draw(declared), scores))
    metadata = [{"g": draw(st.sampled_from(["x", "y", None])), "c": draw(st.sampled_from([1, 1.0, "1"]))} for _ in ids]
    reducers = draw(
        st.none()
        | st.lists(
            st.sampled_from(
                ["mean", "median", "mode", "max", "majority", "collect", "at_least_2", "pass_at_2", "pass_k_2", "LONG"]
            ),
            unique=True,
            max_size=3,
        )
    )
    return ids, epochs, scorers, metadata, reducers


def run_theirs(run, headline):
    np.random.seed(1)
    ids, epochs, scorers, metadata, reducers = run
    names = unique_scorer_names(name for name, _, _ in scorers)
    rows = []
    for epoch in range(epochs):
        for index, sample_id in enumerate(ids):
            row = {}
            for name, (_, _, scores) in zip(names, scorers, strict=True):
                if (epoch, index) in scores:
                    row[name] = theirs.SampleScore(
                        score=theirs.Score(**scores[epoch, index]),
                        sample_id=sample_id,
                        sample_metadata=metadata[index],
                        scorer=name,
                    )
            rows.append(row)
    infos = [TheirInfo(name=n, metrics=declare(specs, False), params={"o": 1}) for n, specs, _ in scorers]
    made = reducers and [THEIR_LONGEST(k=2) if r == "LONG" else their_reducers(r)[0] for r in reducers]
    results, reductions = their_results(
        len(rows), rows, made if reducers is not None else None, infos, None, names, headline_metric=headline
    )
    dump = {"mode": "json", "exclude_none": True}
    return dumps(results.model_dump(**dump)), [dumps(r.model_dump(**dump)) for r in reductions or []]


def run_ours(run, headline):
    np.random.seed(1)
    ids, epochs, scorers, metadata, reducers = run
    names = unique_scorer_names(name for name, _, _ in scorers)
    made = reducers and [OUR_LONGEST(k=2) if r == "LONG" else create_reducers(r)[0] for r in reducers]
    columns, reductions = [], []
    for name, (plain_name, specs, scores) in zip(names, scorers, strict=True):
        info = ScorerInfo(plain_name, declare(specs, True), {"o": 1})
        places = [(e, i) for e in range(epochs) for i in range(len(ids)) if (e, i) in scores]
        loaded = [Score(**scores[place]) for place in places]
        column = ScoreColumn(
            [ids[i] for _, i in places],
            [score.value for score in loaded],
            [metadata[i] for _, i in places],
            loaded.__getitem__,
            scorer=name,
        )
        columns.append((info, column, name))
    results = eval_results(
        total_samples=len(ids) * epochs,
        completed_samples=len(ids) * epochs,
        columns=columns,
        reducers=made if reducers is not None else None,
        headline=headline,
    )
    for info, column, name in columns:
        for reducer, reducer_name in reduction_plan(info, made if reducers is not None else None):
            samples = [
                reduction_entry(reducer, [column.score_at(i) for i in indices], column.sample_ids[indices[0]])
                for indices in column.epochs()
            ]
            entry = {"scorer": name, "reducer": reducer_name, "samples": samples}
            reductions.append(dumps({key: value for key, value in entry.items() if value is not None}))
    return dumps(results.as_json()), reductions


HEADLINES = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "scorer": st.sampled_from(["one", "two"]),
        "score": st.sampled_from(["one", "a"]),
        "metric": st.sampled_from(["accuracy", "mean"]),
        "reducer": st.sampled_from(["mean", "mode"]),
    },
)


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(runs(), HEADLINES)
def test_results_and_reductions_are_those_of_inspect(run, headline):
    try:
        with np.errstate(all="ignore"):
            expected = run_theirs(run, None if headline is None else TheirHeadline(**headline))
    except (TypeError, ValueError):
        with pytest.raises(ScorersError):
            run_ours(run, None if headline is None else HeadlineMetric(**headline))
    else:
        with np.errstate(all="ignore"):
            assert run_ours(run, None if headline is None else HeadlineMetric(**headline)) == expected
