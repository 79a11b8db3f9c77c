"""A confidence interval for the mean score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from evalstream.scorers.metric import Metric, metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import Value, ValueToFloat

from .bootstrap import resampled_means
from .stderr import clustered_stderr, plain_stderr
from .student_t import t_quantile
from .values import DEFAULT_TO_FLOAT, by_cluster, floats

__all__ = ["IntervalMethod", "check_level", "ci", "t_interval"]

IntervalMethod = Literal["t", "bootstrap"]


@metric
def ci(
    level: float = 0.95,
    method: IntervalMethod = "t",
    num_samples: int = 1000,
    to_float: ValueToFloat = DEFAULT_TO_FLOAT,
    cluster: str | None = None,
) -> Metric:
    """Confidence interval for the mean: a dict of its "lower" and "upper" bound.

    One score is both bounds; without scores both are 0.0.

    Parameters
    ----------
    level
        How often such intervals cover the true mean, between 0 and 1.
    method
        "t": x̄ ± t · s / √n with the quantile t of Student's distribution at n - 1 degrees of freedom. "bootstrap": the
        quantiles of resampled means, for skewed scores; drawn from numpy's global generator, so that two runs differ
        unless ``numpy.random.seed`` was called.
    num_samples
        Number of resamples of the bootstrap.
    to_float
        How a score value becomes a number.
    cluster
        Key of the sample metadata that tells which cluster a sample belongs to. "t" then takes the clustered standard
        error, see `stderr`, and C - 1 degrees of freedom for C clusters; "bootstrap" draws whole clusters.

    Raises
    ------
    ValueError
        ``level`` or ``method`` makes no sense. When called: a sample without a value under ``cluster``.

    Examples
    --------
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> interval = ci(level=0.9)([SampleScore(score=Score(value=v)) for v in (1, 2, 3)])
    >>> round(interval["lower"], 4), round(interval["upper"], 4)
    (0.3141, 3.6859)
    """
    check_level("ci", level)
    if method not in ("t", "bootstrap"):
        raise ValueError(f'ci() has no method {method!r}: take "t" or "bootstrap".')

    def interval(scores: Sequence[SampleScore]) -> Value:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        values = floats(scores, to_float)
        # First of all, so that a wrong key shows on a single sample too.
        clusters = by_cluster(scores, values, cluster) if cluster is not None else None
        if len(values) < 2:
            point = float(values[0]) if values else 0.0
            return {"lower": point, "upper": point}
        if method == "bootstrap":
            means = resampled_means(values, num_samples, clusters)
            tail = (1.0 - level) / 2.0
            return {"lower": float(np.quantile(means, tail)), "upper": float(np.quantile(means, 1.0 - tail))}
        mean = float(np.mean(values))
        if clusters is None:
            return t_interval(mean, plain_stderr(values), len(values) - 1, level)
        return t_interval(mean, clustered_stderr(clusters), len(clusters) - 1, level)

    return interval


def t_interval(mean: float, stderr: float, df: int, level: float) -> dict[str, float]:
    """Return mean ± t · stderr; with no degree of freedom (one cluster, whose error is 0) the t of one."""
    margin = t_quantile(1.0 - (1.0 - level) / 2.0, max(df, 1)) * stderr
    return {"lower": mean - margin, "upper": mean + margin}


def check_level(name: str, level: float) -> None:
    """Raise ValueError if a confidence level is not between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"{name}() takes a level between 0 and 1, such as 0.95, and not {level!r}.")
