"""The scorers that a completion asks for, made once and used for every completion that asks for the same."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from evalstream.scorers import jsontext, registry
from evalstream.scorers.aggregates.needs import needed_metadata, needed_score_metadata
from evalstream.scorers.results.options import create_from_log
from evalstream.scorers.results.scorer_info import ScorerInfo
from evalstream.scorers.run import never_suspends, runs_expression
from evalstream.scorers.scorer import Scorer

from ..events import MOST_SCORERS, ScorerSpec
from .apart.where import belongs_apart, is_portable
from .instances import Instances

__all__ = ["ScorerSet", "ScorerSets", "Slot", "scorer_info"]


MOST_SETS = 1000
"""Sets that are remembered. Evals ask for a few; whoever means harm asks for another one with each completion."""


@dataclass(frozen=True)
class Slot:
    """One of a run's scorers.

    ``name`` is unique in the run ("match", "match1"); ``fingerprint`` changes with the scorer's name, options and code.
    ``immediate`` ones never wait; ``alarmed`` ones run what a user wrote all the same, and may hold up everything.
    ``at_hand`` tells that its caller made it, and no event.
    ``score_metadata`` are the keys of its scores' own metadata that its metrics look at.
    """

    index: int
    name: str
    spec: ScorerSpec
    scorer: Scorer
    immediate: bool
    alarmed: bool
    at_hand: bool
    fingerprint: str
    score_metadata: tuple[str, ...] = ()


class ScorerSet:
    """A run's scorers, and which of a sample's metadata their metrics look at.

    All ``immediate`` ones never wait; ``portable`` ones another process could make; ``apart`` is where they belong.

    Parameters
    ----------
    specs
        What the run's events ask for.
    instances
        May have some of that already made.

    Raises
    ------
    ScorersError
        A scorer or metric is not registered here, or does not take its options.
    """

    def __init__(self, specs: Sequence[ScorerSpec], instances: Instances | None = None) -> None:
        scorers = instances.scorers_for(specs) if instances else None
        infos = instances.infos_for(specs) if instances else None
        self.slots: list[Slot] = []
        self.metadata_keys: frozenset[str] | None = frozenset()
        for index, spec in enumerate(specs):
            scorer = scorers[index] if scorers else create_from_log("scorer", spec.name, spec.options)
            name = unique_name(registry.unqualified(spec.name), {slot.name for slot in self.slots})
            code = fingerprint(spec, scorer)
            if any(slot.fingerprint == code for slot in self.slots):
                code = f"{code}-{index}"  # the same scorer twice gives two scores
            info = infos[index] if infos else scorer_info(spec)
            of_score = tuple(sorted(needed_score_metadata(info)))
            immediate, alarmed = never_suspends(scorer), runs_expression(scorer)
            at_hand = scorers is not None
            self.slots.append(Slot(index, name, spec, scorer, immediate, alarmed, at_hand, code, of_score))
            keys = needed_metadata(info)
            if keys is None or self.metadata_keys is None:
                self.metadata_keys = None
            else:
                self.metadata_keys |= keys
        self.immediate = all(slot.immediate for slot in self.slots)
        self.portable = all(is_portable(slot.scorer) for slot in self.slots)
        self.apart = self.portable and any(belongs_apart(slot.scorer) for slot in self.slots)

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
        self.instances: Instances | None = None
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
            found = ScorerSet([ScorerSpec.model_validate(spec) for spec in specs], self.instances)
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


def fingerprint(spec: ScorerSpec, scorer: Scorer | None = None) -> str:
    """Digest what decides a scorer's scores: name, options, and the code of a scorer that is not built in."""
    entry = registry.tag_of(scorer).entry if scorer is not None else registry.find("scorer", spec.name)
    code = _code_of(entry.factory) if entry.package != registry.BUILTIN_PACKAGE else ""
    text = jsontext.dumps([registry.unqualified(spec.name), dict(sorted(spec.options.items())), code])
    return hashlib.sha256(text).hexdigest()[:32]


def _code_of(factory: Callable[..., Any]) -> str:
    """Digest the file that defines a scorer; of one that was typed in (a notebook, a prompt) its compiled code."""
    function = inspect.unwrap(factory)
    source = inspect.getsourcefile(function)
    if source is not None and Path(source).is_file():
        return hashlib.sha256(Path(source).read_bytes()).hexdigest()
    code = getattr(function, "__code__", None)
    return hashlib.sha256(b"".join(_bodies(code))).hexdigest() if code is not None else ""


def _bodies(code: CodeType) -> Iterator[bytes]:
    yield code.co_code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _bodies(constant)
        else:
            yield repr(constant).encode(errors="backslashreplace")
