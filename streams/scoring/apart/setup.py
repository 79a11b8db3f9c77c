"""What the child must know to make the same scorers as its worker, and which of them run there."""

from __future__ import annotations

import contextlib
import logging
import pickle
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evalstream.scorers import registry
from evalstream.scorers.load import load_source
from evalstream.scorers.origins import origin_of, origins
from evalstream.scorers.scorer import Scorer
from evalstream.scorers.untrusted import given_by_operator

from ...events import ScorerSpec
from ...settings import Settings
from ..instances import Instances
from ..retries import Retries

__all__ = ["Setup"]


@dataclass(frozen=True)
class _Made:
    """A scorer that the command line asked for: where it is from (None: built in), its name and options."""

    origin: str | None
    name: str
    options: dict[str, Any]

    @classmethod
    def of(cls, scorer: Scorer) -> _Made:
        tag = registry.tag_of(scorer)
        return cls(origin_of(tag.entry), tag.entry.name, dict(tag.options))

    def made(self) -> Any:
        known = [
            entry
            for entry in registry.entries("scorer")
            if entry.name == self.name and origin_of(entry) == self.origin
            and (self.origin is not None or entry.package == registry.BUILTIN_PACKAGE)
        ]  # fmt: skip
        given_by_operator(self.options)
        return known[-1].factory(**self.options)


@dataclass(frozen=True)
class Setup:
    """What a child is told first. It is pickled: both ends are ours, and nobody else has the pipe."""

    settings: Settings
    retries: Retries
    sources: Sequence[str]
    path: Sequence[str]
    log_level: int
    specs: Sequence[ScorerSpec] = ()
    scorers: Sequence[_Made] = ()

    @classmethod
    def here(cls, settings: Settings, retries: Retries, instances: Instances | None) -> Setup:
        """Describe this process."""
        # Which broker it is changes nothing, and children are kept for the next log.
        settings = settings.model_copy(update={"broker": "memory://scorers", "log_dir": "", "metrics_port": None})
        level = logging.getLogger().getEffectiveLevel()
        specs, scorers = (instances.specs, instances.scorers) if instances is not None else ((), ())
        return cls(settings, retries, origins(), list(sys.path), level, list(specs), [_Made.of(one) for one in scorers])

    def pickled(self) -> bytes | None:
        """Return this as bytes; None if somebody's options cannot be told to another process."""
        with contextlib.suppress(Exception):
            return pickle.dumps(self)
        return None

    def instances(self) -> Instances | None:
        """Load the sources, and make the scorers that the worker has in hand.

        Raises
        ------
        Exception
            Whatever the sources raise; they had been loaded in the worker before.
        """
        for source in self.sources:
            load_source(source)
        if not self.scorers:
            return None
        return Instances(self.specs, [one.made() for one in self.scorers])
