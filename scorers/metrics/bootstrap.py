"""The standard error of the mean, estimated by resampling."""

from __future__ import annotations

from collections.abc import Sequence

from evalstream.scorers import registry
from evalstream.scorers.metric import Metric
from evalstream.scorers.score import SampleScore
from evalstream.scorers.value import ValueToFloat

from .values import DEFAULT_TO_FLOAT, floats

__all__ = ["bootstrap_stderr", "resampled_means"]


def _bootstrap_stderr(num_samples: int = 1000, to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> Metric:
    """Estimate the standard error of the mean by the bootstrap: the spread of resampled means; 0.0 for no scores.

    It draws from numpy's global generator, so two runs differ unless ``numpy.random.seed`` was called; with the same
    seed it equals Inspect's. Logs of old call it ``bootstrap_std``, and that name is still found.

    Parameters
    ----------
    num_samples
        Number of resamples, each as large as the scores and drawn with replacement.
    to_float
        How a score value becomes a number.

    Examples
    --------
    >>> import numpy
    >>> from evalstream.scorers.score import SampleScore, Score
    >>> numpy.random.seed(1)
    >>> round(bootstrap_stderr()([SampleScore(score=Score(value=v)) for v in (1, 0, 1, 1, 0)]), 2)
    0.22
    """

    def resampled(scores: Sequence[SampleScore]) -> float:
        import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

        return float(np.std(resampled_means(floats(scores, to_float), num_samples))) if scores else 0.0

    return resampled


def resampled_means(
    values: Sequence[float], num_samples: int, clusters: Sequence[Sequence[float]] | None = None
) -> list[float]:
    """Compute the means of resamples of the numbers, which are at least one; or of resamples of whole clusters."""
    import numpy as np  # noqa: PLC0415 - costs half the start-up time of the package

    # The legacy global generator on purpose: numpy.random.seed is how people make this repeatable.
    if clusters is None:
        everything = np.array(values, dtype=float)
        return [float(np.mean(np.random.choice(everything, len(everything)))) for _ in range(num_samples)]
    parts = [np.array(part, dtype=float) for part in clusters]
    draws = (np.random.choice(len(parts), len(parts)) for _ in range(num_samples))
    return [float(np.mean(np.concatenate([parts[i] for i in drawn]))) for drawn in draws]


_bootstrap_stderr.__name__ = _bootstrap_stderr.__qualname__ = "bootstrap_stderr"
bootstrap_stderr = registry.register(
    "metric", "bootstrap_stderr", _bootstrap_stderr, {"scores": "auto"}, aliases=("bootstrap_std",)
)
