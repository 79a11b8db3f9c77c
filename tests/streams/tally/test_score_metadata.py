"""Metrics that read the metadata of scores are kept up to date, and finished, without reading an event again."""

from __future__ import annotations

import math
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tally_helpers import EPOCHS, built_in, completed, scored, started

from evalstream.scorers.aggregates import SCORE_METADATA
from evalstream.streams.tally.rows import FAILED
from evalstream.streams.tally.run_state import RunState

PER_TOKEN = {"type": "metric", "name": "perplexity_per_token", "params": {}}
METRICS = [[built_in("perplexity_per_token"), built_in("perplexity_per_seq")], [built_in("mean")]]
GROUPED = [[built_in("grouped", metric=PER_TOKEN, group_key="g")]]


def never(offset: int):
    raise AssertionError(f"the event at {offset} was read again")


def row(sample: int, epoch: int, tokens: int, log_probs: float, offset: int, **fields):
    metadata = {"g": "xy"[sample % 2], SCORE_METADATA: {"num_tokens": tokens, "sum_log_probs": log_probs}}
    return scored(sample, -log_probs / tokens, epoch, score=offset, **{"metadata": metadata, **fields})


told = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, EPOCHS), st.integers(1, 9), st.floats(-50, 0)),
    unique_by=lambda item: item[:2],
    min_size=1,
)


@settings(max_examples=40)
@given(told, st.sampled_from([METRICS[:1], GROUPED]), st.randoms(use_true_random=False))
def test_running_perplexities_are_the_final_ones_in_whatever_order_scores_come(items, metrics, random: Random):
    rows = [row(*item, offset) for offset, item in enumerate(items)]
    rows += [row(*item, offset, outcome=FAILED) for offset, item in enumerate(items, -len(items))]
    random.shuffle(rows)
    run = RunState("e", "live", never)
    run.start(started(metrics))
    for each in rows:
        run.apply(each)
    running = run.running_rows()
    run.complete(completed(len(items)))
    final = run.finish()
    assert final.error is None
    assert len(running) == len(final.results.scores) == 1
    for name, metric in final.results.scores[0].metrics.items():
        assert math.isclose(running[0].metrics[name].value, metric.value, rel_tol=1e-9), name


def test_metrics_of_the_sample_see_nothing_of_it():
    run = RunState("e", "live", never)
    run.start(started([[built_in("perplexity_per_token"), built_in("stderr", cluster="g")]]))
    run.apply(row(1, 1, 2, -3.0, 0))
    column = run._metrics.column(0)
    assert column[0:1].metadata_at(0) == {"g": "y"}
    assert column.score_metadata_at(0) == {"num_tokens": 2, "sum_log_probs": -3.0}
