"""Wilson's confidence interval for a share of correct answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value, ValueToFloat

from .ci import check_level
from .stderr import clustered_stderr
from .student_t import t_quantile
from .values import DEFAULT_TO_FLOAT, by_cluster, floats

__all__ = ["check_share", "ci_wilson", "wilson_interval"]

_BELOW_ONE = math.nextafter(1.0, 0.0)


@metric
def ci_wilson(level: float = 0.95, to_float: ValueToFloat = DEFAULT_TO_FLOAT, cluster: str | None = None) -> Metric:
    """Confidence interval for a share: a dict of its "lower" and "upper" bound, both within [0, 1].

    It is Wilson's score interval [1]_, which holds for few samples and for shares near 0 or 1, where that of `ci` does
    not. For scores between 0 and 1 (partly correct answers) it is wider than it need be. Without scores both bounds
    are 0.0.

    Parameters
    ----------
    level
        How often such intervals cover the true share, between 0 and 1.
    to_float
        How a score value becomes a number, which must be in [0, 1].
    cluster
        Key of the sample metadata that tells which cluster a sample belongs to. The interval is then that of
        p (1 - p) / v samples, but of n at most, where v is the square of the clustered standard error, with the
        quantile of Student's t at C - 1 degrees of freedom for C clusters [2]_.

    Raises
    ------
    ValueError
        ``level`` makes no sense. When called: a number outside [0, 1], a sample without a value under ``cluster``, or
        fewer than two clusters, which tell nothing of how clusters differ.

    References
    ----------
    .. [1] Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    .. [2] Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts
       estimated from survey data", Survey Methodology 24 (1998).

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> ci_wilson()([SampleScore(score=Score(value=v)) for v in ("C", "I", "P", "N")])
    {'lower': 0.09189922917901217, 'upper': 0.7805734799346371}
    """
    check_level("ci_wilson", level)

    def interval(scores: Sequence[SampleScore]) -> Value:
        values = floats(scores, to_float)
        for x in values:
            check_share(x)
        clusters = by_cluster(scores, values, cluster) if cluster is not None else None
        if clusters is not None and len(clusters) < 2:
            raise ValueError(
                f"ci_wilson() with cluster={cluster!r} needs samples of two clusters, and there are {len(clusters)}."
            )
        if not values:
            return {"lower": 0.0, "upper": 0.0}
        # sum() and no other: its last digit depends on Python's version, and so does that of Inspect.
        share = sum(values) / len(values)
        if clusters is None:
            return wilson_interval(share, len(values), level)
        return wilson_interval(share, len(values), level, clustered_stderr(clusters), len(clusters))

    return interval


def wilson_interval(share: float, n: int, level: float, stderr: float = 0.0, clusters: int = 0) -> dict[str, float]:
    """Compute Wilson's interval; with two or more clusters, from the clustered standard error too."""
    tail = (1.0 - level) / 2.0
    spread = share * (1.0 - share)
    size = float(n)
    if clusters:
        # The upper tail of a level next to 1 rounds to 1, where there is no quantile.
        quantile = t_quantile(min(1.0 - tail, _BELOW_ONE), clusters - 1)
        variance = stderr**2
        if spread > 0.0 and variance > 0.0:
            size = min(spread / variance, size)
    else:
        quantile = -NormalDist().inv_cdf(tail)
    squared = quantile * quantile
    shrink = 1.0 + squared / size
    center = (share + squared / (2.0 * size)) / shrink
    margin = quantile * math.sqrt(spread / size + squared / (4.0 * size * size)) / shrink
    return {"lower": max(center - margin, 0.0), "upper": min(center + margin, 1.0)}


def check_share(x: float) -> None:
    """Raise ValueError if a number is not in [0, 1]."""
    if not 0.0 <= x <= 1.0:
        raise ValueError(f"ci_wilson() takes scores from 0 to 1, and one is {x!r}: pass a to_float, or use ci().")
