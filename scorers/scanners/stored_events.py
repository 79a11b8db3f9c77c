"""The events of a stored sample, with what the log keeps apart from them put back in.

A log names the messages of a model call by their places in a pool, ``events_data``, since each call repeats those of
the one before: ``input_refs`` is a list of half-open ranges of the pool ``messages``, ``call.call_refs`` of ``calls``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..sample import SampleError
from ..state import TaskState

__all__ = ["stored_events"]


def stored_events(state: TaskState) -> list[dict[str, Any]]:
    """Return a sample's events as plain data; none for a state that was not made from a stored sample.

    Raises
    ------
    SampleError
        They are not a list of objects.
    """
    stored = state.stored("events")
    if stored is None:
        return []
    if not isinstance(stored, list) or not all(isinstance(event, dict) for event in stored):
        raise SampleError("events", "must be a list of objects", f"Sample {state.sample_id!r}, epoch {state.epoch}")
    pools = state.stored("events_data")
    return [_expanded(event, pools) for event in stored] if isinstance(pools, Mapping) else stored


def _expanded(event: dict[str, Any], pools: Mapping[str, Any]) -> dict[str, Any]:
    if event.get("event") != "model":
        return event
    expanded = dict(event)
    inputs = _picked(expanded.pop("input_refs", None), pools.get("messages"))
    if inputs is not None:
        expanded["input"] = inputs
    call = event.get("call")
    if isinstance(call, Mapping):
        requested = _picked(call.get("call_refs"), pools.get("calls"))
        if requested is not None:
            request = {**(call.get("request") or {}), call.get("call_key") or "messages": requested}
            kept = {key: value for key, value in call.items() if key not in ("call_refs", "call_key")}
            expanded["call"] = {**kept, "request": request}
    return expanded


def _picked(ranges: Any, pool: Any) -> list[Any] | None:
    """Return the pool's items in some ranges; None if these are no ranges of it."""
    if not isinstance(ranges, Sequence) or not isinstance(pool, list):
        return None
    items: list[Any] = []
    for limits in ranges:
        if not (isinstance(limits, list) and len(limits) == 2 and all(isinstance(i, int) and i >= 0 for i in limits)):
            return None
        items.extend(pool[limits[0] : limits[1]])
        # A few bytes of ranges must not become more messages than any model takes.
        if len(items) > 1_000_000:
            return None
    return items
