"""A running metric for each group of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from typing_extensions import Self

from evalstream.scorers.metrics.grouped import GroupTotal, check_labels
from evalstream.scorers.metrics.values import DEFAULT_TO_FLOAT, group_name
from evalstream.scorers.reducers.mean import exact_mean
from evalstream.scorers.value import Value, ValueToFloat

from .base import Aggregate, Metadata

__all__ = ["Grouped"]


class Grouped(Aggregate):
    """An aggregate for each group, and one over all; groups are sorted by name, since scores come in any order.

    Parameters
    ----------
    make
        Makes the aggregate of one group.
    group_key, total, total_label, to_float, name_template
        As those of the metric `grouped`, where the middle three are ``all``, ``all_label`` and ``value_to_float``.

    Raises
    ------
    ValueError
        On update: the sample's metadata has no group. On `get`: a group is named like the total.

    Examples
    --------
    >>> from evalstream.scorers.aggregates.mean import Mean
    >>> grouped = Grouped(Mean, "topic")
    >>> for value, topic in ((1, "y"), (0, "x"), (1, "x")):
    ...     grouped.update(value, {"topic": topic})
    >>> grouped.get()
    {'x': 0.5, 'y': 1.0, 'all': 0.6666666666666666}
    """

    gives_dict = True

    def __init__(
        self,
        make: Callable[[], Aggregate],
        group_key: str,
        *,
        total: GroupTotal = "samples",
        total_label: str = "all",
        to_float: ValueToFloat = DEFAULT_TO_FLOAT,
        name_template: str = "{group_name}",
    ) -> None:
        self._make, self._group_key, self._total, self._total_label = make, group_key, total, total_label
        self._to_float, self._name_template = to_float, name_template
        self._all = make()
        self._groups: dict[str, Aggregate] = {}

    @property
    def n(self) -> int:  # type: ignore[override] # it follows from the total
        """Number of scores."""
        return self._all.n

    def update(self, value: Value, metadata: Metadata = None) -> None:
        name = group_name(metadata, self._group_key)
        group = self._groups.get(name) or self._make()
        group.update(value, metadata)
        self._groups[name] = group
        self._all.update(value, metadata)

    def retract(self, value: Value, metadata: Metadata = None) -> None:
        name = group_name(metadata, self._group_key)
        group = self._groups.get(name) or self._make()
        group.retract(value, metadata)
        if not group.n:
            self._groups.pop(name, None)
        self._all.retract(value, metadata)

    def merge(self, other: Self) -> None:
        for name, group in other._groups.items():
            self._groups.setdefault(name, self._make()).merge(group)
        self._all.merge(other._all)

    def get(self) -> dict[str, Any] | float:
        if not self.n:
            return {self._total_label: float("nan")} if self._total else float("nan")
        result = {
            self._name_template.format(group_name=name): group.get() for name, group in sorted(self._groups.items())
        }
        if self._total:
            check_labels(result, self._total_label)
        if self._total == "samples":
            result[self._total_label] = self._all.get()
        elif self._total == "groups":
            result[self._total_label] = exact_mean([self._to_float(value) for value in result.values()])
        return result

    def state(self) -> Any:
        return {name: group.state() for name, group in sorted(self._groups.items())}

    def restore(self, state: Any) -> None:
        for name, group_state in state.items():
            group = self._groups[name] = self._make()
            group.restore(group_state)
            self._all.merge(group)
