"""What all events have in common, and how they are printed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from evalstream.scorers.plain import escaped

__all__ = ["LIVE_RUN", "Body", "Event"]

LIVE_RUN = "live"
"""The run of scores that are made while an eval runs, or when its log is published for the first time."""


class Body(BaseModel):
    """What stands in an event, or is one. Readers ignore fields that they do not know."""

    model_config = ConfigDict(extra="ignore", ser_json_inf_nan="constants")


class Event(Body):
    """What all events have: which eval, and which scoring run of it."""

    version: Literal[1] = 1
    eval_id: str
    run_id: str = LIVE_RUN

    def to_bytes(self) -> bytes:
        """Print the event as JSON; NaN and Infinity are bare words, as in Inspect's files.

        What JSON in UTF-8 cannot say is written as Inspect writes it: a lone surrogate as its escape, an object of
        another kind (in a score's metadata) as null.
        """
        try:
            return self.model_dump_json(exclude_none=True).encode()
        except PydanticSerializationError:
            plain = to_jsonable_python(self, exclude_none=True, inf_nan_mode="constants", fallback=lambda _: None)
            return to_json(escaped(plain), inf_nan_mode="constants")
