"""Both sides of a comparison: a metric of ours and Inspect's own, on the same scores."""

from __future__ import annotations

import inspect_ai.scorer as theirs
import numpy as np
from hypothesis import strategies as st

from evalstream.scorers import metrics as ours
from evalstream.scorers.results import ScoreColumn
from evalstream.scorers.score import SampleScore, Score

scalars = st.one_of(
    st.sampled_from(["C", "I", "P", "N", "yes", "0.3", "no number", True, False]),
    st.integers(-9, 9),
    st.floats(0, 1),
    st.floats(-1e9, 1e9),
    st.floats(allow_nan=False),
)


def scores_of(values, metadata=None, module=None):
    sample_score, score = (module.SampleScore, module.Score) if module else (SampleScore, Score)
    metadata = metadata or [None] * len(values)
    return [sample_score(score=score(value=v), sample_metadata=m) for v, m in zip(values, metadata, strict=True)]


def column_of(values, metadata=None):
    return ScoreColumn([f"s{i}" for i in range(len(values))], values, metadata)


def assert_same_bits(name, options, their_options, values, metadata=None):
    """Both give the same, to the last bit and in the same order of keys, or both raise the same kind of error."""
    with np.errstate(all="ignore"):
        np.random.seed(5)
        metric = getattr(ours, name)(**options)
        try:
            expected = getattr(theirs, name)(**their_options)(scores_of(values, metadata, theirs))
        except (TypeError, ValueError, OverflowError) as error:
            expected = type(error)
        for scores in (scores_of(values, metadata), column_of(values, metadata)):
            np.random.seed(5)
            try:
                value = metric(scores)
            except (TypeError, ValueError, OverflowError) as error:
                assert type(error) is expected
            else:
                assert repr(to_python(value)) == repr(to_python(expected))


def to_python(value):
    if isinstance(value, dict):
        return {key: to_python(item) for key, item in value.items()}
    return float(value) if isinstance(value, float) else value
