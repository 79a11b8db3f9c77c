"""Running confidence intervals of the mean."""

from __future__ import annotations

from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.ci import t_interval
from evalstream.scorers.metrics.ci_wilson import check_share, wilson_interval
from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT
from evalstream.scorers.value import Value, ValueToFloat

from .base import Metadata, NumberAggregate
from .clustered import ClusteredStderr
from .mean import Mean
from .variance import Variance

__all__ = ["TInterval", "WilsonInterval"]


class _Interval(NumberAggregate):
    """Mean and standard error side by side; the error comes first, since it refuses samples without a cluster."""

    gives_dict = True

    def __init__(
        self, level: float = 0.95, cluster: str | None = None, to_float: ValueToFloat = DEFAULT_TO_FLOAT
    ) -> None:
        super().__init__(to_float)
        self._level = level
        self._mean = Mean(_same)
        self._clustered = ClusteredStderr(cluster, _same) if cluster is not None else None
        self._error = self._clustered or Variance(_same, "stderr")

    def _add(self, x: float, metadata: Metadata, sign: int) -> None:
        for part in (self._error, self._mean):
            if sign > 0:
                part.update(x, metadata)
            else:
                part.retract(x, metadata)

    def merge(self, other: Self) -> None:
        self._error.merge(other._error)  # type: ignore[arg-type] # made from the same options
        self._mean.merge(other._mean)
        self.n += other.n

    def state(self) -> Any:
        return [self._mean.state(), self._error.state()]

    def restore(self, state: Any) -> None:
        self._mean.restore(state[0])
        self._error.restore(state[1])
        self.n = self._mean.n


class TInterval(_Interval):
    """Bounds x̄ ± t · s / √n as the metric `ci` gives them; one score is both, and without scores both are 0.0.

    Parameters
    ----------
    level, cluster, to_float
        As those of the metric.

    Raises
    ------
    ValueError
        On update: the sample's metadata has no cluster.

    Examples
    --------
    >>> interval = TInterval(level=0.9)
    >>> for value in (1, 2, 3):
    ...     interval.update(value)
    >>> {name: round(bound, 4) for name, bound in interval.get().items()}
    {'lower': 0.3141, 'upper': 3.6859}
    """

    def get(self) -> dict[str, float]:
        if self.n < 2:
            point = self._mean.get() if self.n else 0.0
            return {"lower": point, "upper": point}
        df = self._clustered.clusters - 1 if self._clustered is not None else self.n - 1
        return t_interval(self._mean.get(), self._error.get(), df, self._level)


class WilsonInterval(_Interval):
    """Wilson's interval as the metric `ci_wilson` gives it; NaN for fewer than two clusters, where the metric raises.

    Parameters
    ----------
    level, cluster, to_float
        As those of the metric.

    Raises
    ------
    ValueError
        On update: the number is not in [0, 1], or the sample's metadata has no cluster.

    Examples
    --------
    >>> interval = WilsonInterval()
    >>> for value in ("C", "I", "P", "N"):
    ...     interval.update(value)
    >>> interval.get()
    {'lower': 0.09189922917901217, 'upper': 0.7805734799346371}
    """

    def _add(self, x: float, metadata: Metadata, sign: int) -> None:
        check_share(x)
        super()._add(x, metadata, sign)

    def get(self) -> dict[str, float] | float:
        if self._clustered is None:
            return wilson_interval(self._mean.get(), self.n, self._level) if self.n else {"lower": 0.0, "upper": 0.0}
        clusters = self._clustered.clusters
        if clusters < 2:
            return float("nan")
        return wilson_interval(self._mean.get(), self.n, self._level, self._clustered.get(), clusters)


def _same(value: Value) -> float:
    return value  # type: ignore[return-value] # the interval itself has made it a number
