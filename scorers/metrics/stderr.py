"""The standard error of the mean, plain or clustered."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat

from .values import DEFAULT_TO_FLOAT, by_cluster, floats

__all__ = ["clustered_stderr", "plain_stderr", "stderr"]

_PAIRWISE_FROM = 8  # numpy sums shorter arrays one by one, which plain Python does faster


@metric
def stderr(to_float: ValueToFloat = DEFAULT_TO_FLOAT, cluster: str | None = None) -> Metric:
    """Estimate the standard error of the mean, s / √n with the sample standard deviation s; 0 for less than two scores.

    Parameters
    ----------
    to_float
        How a score value becomes a number.
    cluster
        Key of the sample metadata that tells which cluster a sample belongs to (several questions on one passage, say).
        Samples of one cluster are not independent, and the error grows accordingly:
        √(Σ_c (Σ_{i in c} (x_i - x̄))² · C / (C - 1)) / n over the C clusters c [1]_; 0.0 for fewer than two clusters.

    Raises
    ------
    ValueError
        When called: a sample without a value under ``cluster``.

    References
    ----------
    .. [1] Miller, "Adding error bars to evals", https://arxiv.org/abs/2411.00640, appendix A; C / (C - 1) is the
       usual correction for few clusters.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> def sample(value, passage):
    ...     return SampleScore(score=Score(value=value), sample_metadata={"passage": passage})
    >>> scores = [sample(v, p) for v, p in zip((1, 0, 1, 1, 0), "aabbc")]
    >>> round(stderr()(scores), 4), round(stderr(cluster="passage")(scores), 4)
    (0.2449, 0.2498)
    """

    def plain(scores: Sequence[SampleScore]) -> float:
        return plain_stderr(floats(scores, to_float)) if len(scores) > 1 else 0

    def clustered(scores: Sequence[SampleScore]) -> float:
        assert cluster is not None
        return clustered_stderr(by_cluster(scores, floats(scores, to_float), cluster))

    return plain if cluster is None else clustered


def plain_stderr(values: Sequence[float]) -> float:
    """Compute the standard error of the mean of two or more independent numbers."""
    import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def clustered_stderr(clusters: Sequence[Sequence[float]]) -> float:
    """Clustered standard error of the mean over numbers that are already split by cluster; see `stderr`."""
    import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

    if len(clusters) < 2:
        return 0.0
    # The mean is taken over the numbers in the clusters' order, so that every digit is as Inspect's.
    everything = np.array([x for part in clusters for x in part], dtype=float)
    deviations = everything - float(np.mean(everything))
    as_list = deviations.tolist()
    total, start = 0.0, 0
    for part in clusters:
        end = start + len(part)
        if len(part) < _PAIRWISE_FROM:
            within = 0.0
            for deviation in as_list[start:end]:
                within += deviation
        else:
            within = float(deviations[start:end].sum())
        total += within**2
        start = end
    return math.sqrt(total * len(clusters) / (len(clusters) - 1)) / len(everything)
