"""What is registered with Inspect, registered with us too: under the same name, with the same options."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.registry import Entry, Kind

from .found import Found, found_in_registry
from .hostile import refuse_places
from .metrics import BridgedMetric, our_metrics
from .reducers import BridgedReducer
from .scorers import BridgedScorer

__all__ = ["Known", "adopt", "known"]

Known = Mapping[tuple[Kind, str], object]


def known() -> Known:
    """Return what Inspect's registry holds now, for `adopt` to see what is new."""
    return {key: found.factory for key, found in found_in_registry().items()}


def adopt(before: Known, package: str | None = None) -> list[Entry]:
    """Register what has come to Inspect's registry; return the new entries.

    Parameters
    ----------
    before
        What `known` returned before a file or a package was loaded; empty if Inspect was not imported then.
    package
        All of this package is registered, also what was there before; and its names without the package stay
        with those that have them, because nobody asked for all of it.

    Raises
    ------
    ScorersError
        A metric of Inspect that a scorer declares cannot be made here.
    """
    new = [
        found
        for key, found in found_in_registry().items()
        if before.get(key) is not found.factory or (package is not None and found.package == package)
    ]
    # Scorers last: their metrics must have their names by then.
    new.sort(key=lambda found: found.kind == "scorer")
    return [_register(found, modest=package is not None) for found in new]


def _register(found: Found, modest: bool) -> Entry:
    bridge = _BRIDGES[found.kind]

    @functools.wraps(found.maker, assigned=_COPIED, updated=())
    def factory(*args: Any, **kwargs: Any) -> Any:
        refuse_places(found.kind, found.name, kwargs)
        return bridge(found.factory(*args, **kwargs))

    metadata = dict(found.metadata)
    if found.kind == "scorer":
        metadata["metrics"] = our_metrics(metadata.get("metrics") or [])
    elif found.kind == "metric":
        metadata.setdefault("scores", "auto")
    made = registry.register(
        found.kind, found.name, factory, metadata, package=found.package, modest=modest, bridged=True
    )
    return registry.entry_of(made)


_COPIED = ("__module__", "__name__", "__qualname__", "__doc__")
"""Not the annotations: who looks at those of a class gives it some, and its instances then count as old metrics."""

_BRIDGES: dict[Kind, Callable[[Any], Any]] = {
    "scorer": BridgedScorer,
    "metric": BridgedMetric,
    "score_reducer": BridgedReducer,
}
