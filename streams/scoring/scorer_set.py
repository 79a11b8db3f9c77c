"""The scorers that a completion asks for, made once and used for every completion that asks for the same."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalstream.scorers import jsontext, registry
from evalstream.scorers.aggregates.needs import needed_metadata
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.run import never_suspends
from evalstream.scorers.scorer import Scorer

from ..events import MOST_SCORERS, ScorerSpec

__all__ = ["ScorerSet", "ScorerSets", "Slot", "scorer_info"]


MOST_SETS = 1000
"""Sets that are remembered. Evals ask for a few; whoever means harm asks for another one with each completion."""


@dataclass(frozen=True)
class Slot:
    """One of a run's scorers.

    ``name`` is unique in the run ("match", "match1"); ``fingerprint`` changes with the scorer's name, options and code.
    """

    index: int
    name: str
    spec: ScorerSpec
    scorer: Scorer
    immediate: bool
    fingerprint: str


class ScorerSet:
    """A run's scorers, and which of a sample's metadata their metrics look at.

    Raises
    ------
    ScorersError
        A scorer or metric is not registered here, or does not take its options.
    """

    def __init__(self, specs: Sequence[ScorerSpec]) -> None:
        self.slots: list[Slot] = []
        self.metadata_keys: frozenset[str] | None = frozenset()
        for index, spec in enumerate(specs):
            scorer = registry.create("scorer", spec.name, spec.options)
            name = unique_name(registry.unqualified(spec.name), {slot.name for slot in self.slots})
            code = fingerprint(spec)
            if any(slot.fingerprint == code for slot in self.slots):
                code = f"{code}-{index}"  # the same scorer twice gives two scores
            self.slots.append(Slot(index, name, spec, scorer, never_suspends(scorer), code))
            keys = needed_metadata(scorer_info(spec))
            if keys is None or self.metadata_keys is None:
                self.metadata_keys = None
            else:
                self.metadata_keys |= keys
        self.immediate = all(slot.immediate for slot in self.slots)

    def metadata(self, members: Mapping[str, bytes]) -> dict[str, Any] | None:
        """Take from a sample's metadata what the metrics look at; None if they look at nothing."""
        if self.metadata_keys is not None and not self.metadata_keys:
            return None
        raw = members.get("metadata")
        metadata = jsontext.loads(raw) if raw else None
        if not isinstance(metadata, dict) or self.metadata_keys is None:
            return metadata if isinstance(metadata, dict) else None
        return {key: metadata[key] for key in self.metadata_keys if key in metadata}


class ScorerSets:
    """`ScorerSet` by the raw text of a completion's ``scorers``: the text is the key, so that it is parsed once."""

    def __init__(self) -> None:
        self._sets: dict[bytes, ScorerSet] = {}

    def get(self, raw: bytes) -> ScorerSet:
        """Return the set for a JSON array of scorer specs.

        Raises
        ------
        ScorersError
            See `ScorerSet`.
        ValueError
            The text is not a JSON array of specs.
        """
        found = self._sets.get(raw)
        if found is None:
            specs = jsontext.loads(raw)
            if not isinstance(specs, list):
                raise ValueError("the completion's scorers are not a list")
            if len(specs) > MOST_SCORERS:
                raise ValueError(f"the completion asks for {len(specs)} scorers; more than {MOST_SCORERS} are refused")
            found = ScorerSet([ScorerSpec.model_validate(spec) for spec in specs])
            if len(self._sets) >= MOST_SETS:
                self._sets.clear()
            self._sets[raw] = found
        return found


def scorer_info(spec: ScorerSpec) -> ScorerInfo:
    """Make what results and aggregates need to know of a scorer: its metrics as instances."""
    return ScorerInfo.from_header(spec.model_dump())


def unique_name(name: str, taken: set[str] | frozenset[str]) -> str:
    """Return the name, or the first of name1, name2, ... that is free.

    Examples
    --------
    >>> unique_name("match", set()), unique_name("match", {"match", "match1"})
    ('match', 'match2')
    """
    candidate, count = name, 0
    while candidate in taken:
        count += 1
        candidate = f"{name}{count}"
    return candidate


def fingerprint(spec: ScorerSpec) -> str:
    """Digest what decides a scorer's scores: name, options, and the file of a scorer that is not built in."""
    entry = registry.find("scorer", spec.name)
    code = ""
    if entry.package != registry.BUILTIN_PACKAGE:
        source = inspect.getsourcefile(inspect.unwrap(entry.factory))
        code = hashlib.sha256(Path(source).read_bytes()).hexdigest() if source else ""
    text = jsontext.dumps([registry.unqualified(spec.name), dict(sorted(spec.options.items())), code])
    return hashlib.sha256(text).hexdigest()[:32]
