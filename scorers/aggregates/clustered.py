"""Running standard error with clusters."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT, cluster_id
from evalstream.scorers.value import ValueToFloat

from .base import Metadata, NumberAggregate
from .exact_sum import ExactSum, sqrt_ratio

__all__ = ["ClusteredStderr", "plain"]


class ClusteredStderr(NumberAggregate):
    """Clustered standard error of the mean, √(Σ_c (S_c - x̄ n_c)² · C / (C - 1)) / n; 0.0 for one cluster, NaN for none.

    S_c and n_c are the sum and size of cluster c. Written out, the sum is Σ S_c² - 2 x̄ Σ S_c n_c + x̄² Σ n_c², and
    these three are kept without rounding: a score costs the same however many clusters there are, and so does `get`.

    Parameters
    ----------
    cluster
        Key of the sample metadata that names the cluster.
    to_float
        How a score value becomes a number.

    Raises
    ------
    ValueError
        On update: the sample's metadata has no cluster.

    Examples
    --------
    >>> stderr = ClusteredStderr("passage")
    >>> for value, passage in zip((1, 0, 1, 1, 0), "aabbc"):
    ...     stderr.update(value, {"passage": passage})
    >>> stderr.get()
    0.24979991993593592
    """

    def __init__(self, cluster: str, to_float: ValueToFloat = DEFAULT_TO_FLOAT) -> None:
        super().__init__(to_float)
        self._cluster = cluster
        self._clusters: dict[Hashable, tuple[ExactSum, int]] = {}
        self._sum, self._squares, self._products = ExactSum(), ExactSum(), ExactSum()  # Σ S_c, Σ S_c², Σ S_c n_c
        self._sizes = 0  # Σ n_c²

    def _add(self, x: float, metadata: Metadata, sign: int) -> None:
        change = ExactSum()
        if sign > 0:
            change.add(x)
        else:
            change.subtract(x)
        self._change(cluster_id(metadata, self._cluster), change, sign)

    def _change(self, cluster: Hashable, change: ExactSum, n: int) -> None:
        total, size = self._clusters.get(cluster) or (ExactSum(), 0)
        self._count(total, size, -1)
        total.merge(change)
        size += n
        self._count(total, size, 1)
        self._sum.merge(change)
        if size:
            self._clusters[cluster] = (total, size)
        else:
            self._clusters.pop(cluster, None)

    def _count(self, total: ExactSum, size: int, sign: int) -> None:
        self._squares.add_units(sign * total.units**2, 2 * total.shift)
        self._products.add_units(sign * total.units * size, total.shift)
        self._sizes += sign * size**2

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self._clusters)

    def merge(self, other: Self) -> None:
        for cluster, (total, size) in other._clusters.items():
            self._change(cluster, total, size)
        self.n += other.n

    def get(self) -> float:
        count, n = len(self._clusters), self.n
        if count < 2:
            return 0.0 if count else float("nan")
        if self._sum.special is not None:
            return float("nan")
        # n² Σ S_c² - 2 n S Σ S_c n_c + S² Σ n_c², all in units of 2**-shift.
        parts = (
            (n * n * self._squares.units, self._squares.shift),
            (-2 * n * self._sum.units * self._products.units, self._sum.shift + self._products.shift),
            (self._sum.units**2 * self._sizes, 2 * self._sum.shift),
        )
        shift = max(part_shift for _, part_shift in parts)
        numerator = sum(units << (shift - part_shift) for units, part_shift in parts)
        return sqrt_ratio(numerator * count, (count - 1) * n**4 << shift)

    def state(self) -> Any:
        clusters = [[plain(cluster), size, total.state()] for cluster, (total, size) in self._clusters.items()]
        return sorted(clusters, key=lambda item: (type(item[0]).__name__, str(item[0])))

    def restore(self, state: Any) -> None:
        for cluster, size, total_state in state:
            total = ExactSum()
            total.restore(total_state)
            self._change(cluster, total, size)
            self.n += size


def plain(key: Hashable) -> Hashable:
    """Return the plainest of the keys that are equal: 1, 1.0 and True are one, and which came first must not show."""
    if isinstance(key, (int, float)) and key == key // 1:
        return int(key)
    return key
