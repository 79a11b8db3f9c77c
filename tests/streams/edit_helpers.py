"""What the tests of editing share."""

from __future__ import annotations

from typing import Any

from inspect_ai.log import EvalLog

OF_THE_MOMENT = {"uuid", "timestamp", "working_start"}


def events_of(log: EvalLog) -> list[list[dict[str, Any]]]:
    """Return the events of each sample, without what belongs to the moment of editing."""
    return [
        [event.model_dump(mode="json", exclude=OF_THE_MOMENT) for event in sample.events]
        for sample in log.samples or ()
    ]
