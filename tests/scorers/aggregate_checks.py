"""The laws of aggregates: a new aggregate is put to all of them by adding it to `LISTED`."""

import json
import math
from collections.abc import Callable
from typing import Any

from evalstream.scorers.aggregates.base import SCORE_METADATA, Aggregate
from evalstream.scorers.aggregates.clustered import ClusteredStderr
from evalstream.scorers.aggregates.count import Count
from evalstream.scorers.aggregates.frequency import Frequency
from evalstream.scorers.aggregates.grouped import Grouped
from evalstream.scorers.aggregates.interval import TInterval, WilsonInterval
from evalstream.scorers.aggregates.krippendorff import IntervalAlpha, NominalAlpha
from evalstream.scorers.aggregates.mean import Mean
from evalstream.scorers.aggregates.of_key import OfKey
from evalstream.scorers.aggregates.perplexity import PerplexityPerSeq, PerplexityPerToken
from evalstream.scorers.aggregates.variance import Variance
from evalstream.scorers.metrics import (
    accuracy,
    aggregate,
    ci,
    ci_wilson,
    frequency,
    grouped,
    krippendorff_alpha,
    mean,
    perplexity_per_seq,
    perplexity_per_token,
    std,
    stderr,
    var,
)
from evalstream.scorers.score import SampleScore, Score
from evalstream.scorers.value import value_to_float


def share(value: Any) -> float:
    """Bring any value into [0, 1]."""
    x = abs(value_to_float()(value))
    return x / (1 + x) if math.isfinite(x) else 0.5


LISTED: dict[str, tuple[Callable[[], Aggregate], Callable[[list[SampleScore]], Any]]] = {
    "count": (Count, len),
    "accuracy": (Mean, accuracy()),
    "mean": (Mean, mean()),
    "var": (Variance, var()),
    "std": (lambda: Variance(spread="std"), std()),
    "stderr": (lambda: Variance(spread="stderr"), stderr()),
    "clustered": (lambda: ClusteredStderr("c"), stderr(cluster="c")),
    "grouped": (lambda: Grouped(Mean, "g"), grouped(mean(), "g")),
    "grouped stderr": (
        lambda: Grouped(lambda: Variance(spread="stderr"), "g", total="groups"),
        grouped(stderr(), "g", all="groups"),
    ),
    "grouped clustered": (
        lambda: Grouped(lambda: ClusteredStderr("c"), "g", total=False, name_template="<{group_name}>"),
        grouped(stderr(cluster="c"), "g", all=False, name_template="<{group_name}>"),
    ),
    "ci": (TInterval, ci()),
    "clustered ci": (lambda: TInterval(0.8, "c"), ci(0.8, cluster="c")),
    "wilson": (lambda: WilsonInterval(to_float=share), ci_wilson(to_float=share)),
    "clustered wilson": (lambda: WilsonInterval(0.9, "c", share), ci_wilson(0.9, share, "c")),
    "frequency": (lambda: Frequency(["I", "C"]), frequency(["I", "C"])),
    "counts": (lambda: Frequency(normalize=False), frequency(normalize=False)),
    "of key": (lambda: OfKey(Mean(), "k", on_missing="skip"), aggregate("k", mean(), on_missing="skip")),
    "clustered of key": (
        lambda: OfKey(ClusteredStderr("c"), "k", to_float=share, on_missing="zero"),
        aggregate("k", stderr(cluster="c"), to_float=share, on_missing="zero"),
    ),
    "nominal alpha": (NominalAlpha, krippendorff_alpha()),
    "perplexity per token": (PerplexityPerToken, perplexity_per_token()),
    "perplexity per sequence": (PerplexityPerSeq, perplexity_per_seq()),
    "grouped perplexity": (
        lambda: Grouped(PerplexityPerSeq, "g", total="groups"),
        grouped(perplexity_per_seq(), "g", all="groups"),
    ),
    "interval alpha": (lambda: IntervalAlpha(value_to_float()), krippendorff_alpha("interval", value_to_float())),
}
"""For each aggregate how it is made, and the metric that computes the same over a list of scores."""


def filled(make: Callable[[], Aggregate], items: list[tuple[Any, dict]]) -> Aggregate:
    aggregate = make()
    for value, metadata in items:
        aggregate.update(value, metadata)
    return aggregate


def bits(aggregate: Aggregate) -> tuple[str, str, int]:
    """All that can be seen of an aggregate; repr of floats tells every bit, and NaN equals itself."""
    return repr(aggregate.get()), json.dumps(aggregate.state()), aggregate.n


def check_order_does_not_matter(make, items, shuffled):
    assert bits(filled(make, items)) == bits(filled(make, shuffled))


def check_update_then_retract_leaves_no_trace(make, items, others):
    aggregate = filled(make, items)
    before = bits(aggregate)
    for value, metadata in others:
        aggregate.update(value, metadata)
    for value, metadata in others:
        aggregate.retract(value, metadata)
    assert bits(aggregate) == before
    for value, metadata in items:
        aggregate.retract(value, metadata)
    assert bits(aggregate) == bits(make())


def check_merge_is_associative_and_commutative(make, a, b, c):
    left = filled(make, a)
    left.merge(filled(make, b))
    left.merge(filled(make, c))
    tail = filled(make, c)
    tail.merge(filled(make, b))
    tail.merge(filled(make, a))
    right = filled(make, b)
    right.merge(filled(make, c))
    whole = filled(make, a)
    whole.merge(right)
    assert bits(left) == bits(tail) == bits(whole) == bits(filled(make, [*a, *b, *c]))


def check_merging_the_empty_changes_nothing(make, items):
    aggregate = filled(make, items)
    aggregate.merge(make())
    empty = make()
    empty.merge(filled(make, items))
    assert bits(aggregate) == bits(empty) == bits(filled(make, items))


def check_merge_leaves_the_other_as_it_is(make, a, b, c):
    other = filled(make, b)
    before = bits(other)
    whole = filled(make, a)
    whole.merge(other)
    for value, metadata in c:
        whole.update(value, metadata)
    assert bits(other) == before


def check_state_survives_json(make, items, others):
    aggregate, again = filled(make, items), make()
    again.restore(json.loads(json.dumps(aggregate.state())))
    assert bits(again) == bits(aggregate)
    for value, metadata in others:
        aggregate.update(value, metadata)
        again.update(value, metadata)
    assert bits(again) == bits(aggregate)


def check_equals_the_metric(make, metric, items):
    scores = [
        SampleScore(score=Score(value=value, metadata=metadata[SCORE_METADATA]), sample_metadata=metadata)
        for value, metadata in items
    ]
    if not scores:
        return
    scale = max(1.0, *(abs(float(v)) if isinstance(v, (int, float)) else 1.0 for v, _ in items))
    running = filled(make, items).get()
    try:
        batch = metric(scores)
    except ValueError:  # too few clusters for a Wilson interval
        assert math.isnan(running)
    else:
        assert_close(running, batch, scale)


def assert_close(running: Any, batch: Any, scale: float) -> None:
    if isinstance(batch, dict):
        assert set(running) == set(batch)
        for key, value in batch.items():
            assert_close(running[key], value, scale)
    elif math.isnan(batch):
        assert math.isnan(running)
    else:
        assert math.isclose(running, batch, rel_tol=1e-12, abs_tol=1e-12 * scale), (running, batch)
