"""One completion while its scorers look at it, and the events that come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from evalstream.scorers.aggregates.base import SCORE_METADATA
from evalstream.scorers.jsontext import JsonTextError, loads, split_object
from evalstream.scorers.registry import unqualified
from evalstream.scorers.sandbox.context import SandboxSet
from evalstream.scorers.score import Score
from evalstream.scorers.state import TaskState

from ..events import MOST_SCORERS, ScoreEmitted, score_id
from .completion import Completion
from .emitted import Emitted, plain_score
from .failure import Failure
from .scorer_set import ScorerSet, Slot, unique_name

__all__ = ["OpenedSandboxes", "Scored", "Sheet", "failed"]


class Scored(NamedTuple):
    """What became of one completion: an event for each of its scorers, and what is known of those that failed."""

    events: list[Emitted]
    failures: list[Failure]


class OpenedSandboxes(SandboxSet, Protocol):
    """The sandboxes of one completion, until they are closed."""

    def close(self) -> None:
        """Remove what they have left on disk."""


class Sheet:
    """One completion while its scorers look at it, and what they said so far.

    Attributes
    ----------
    state
        What scorers see.
    names
        Each scorer with its name on this sample.
    scored
        What they said.
    sandboxes
        The sample's, if it came with some.
    """

    def __init__(
        self,
        completion: Completion,
        scorers: ScorerSet,
        open_sandboxes: Callable[[Completion], OpenedSandboxes] | None = None,
    ) -> None:
        self.completion, self._open_sandboxes = completion, open_sandboxes
        self.sandboxes = self._sandboxes()
        self.state = _state(completion)
        self.scores: dict[str, Score] = {}
        self.names = list(_names(completion, scorers))
        self.scored = Scored([], [])
        self._metadata = scorers.metadata(completion.members)

    def with_scores(self) -> None:
        """Let scorers see the scores that the sample has, and what those before them said."""
        self.scores = dict(self.state.scores or {})
        self.state.scores = dict(self.scores)

    def begin_again(self) -> None:
        """Show the next attempt the sample as it came: the last one may have left it half changed."""
        self.state = _state(self.completion)
        self.state.scores = dict(self.scores)
        self.close()
        self.sandboxes = self._sandboxes()

    def _sandboxes(self) -> OpenedSandboxes | None:
        if self._open_sandboxes is None or self.completion.sandboxes == b"null":
            return None
        return self._open_sandboxes(self.completion)

    def close(self) -> None:
        """Let go of the sample's sandboxes."""
        if self.sandboxes is not None:
            self.sandboxes.close()

    def accept(self, name: str, score: Score) -> None:
        """Let the scorers that follow see a score."""
        self.scores[name] = score
        self.state.scores = {**(self.state.scores or {}), name: score}

    def add(
        self,
        slot: Slot,
        name: str,
        outcome: Score | Failure | None,
        duration: float,
        usage: dict[str, Any] | None = None,
    ) -> None:
        """Note what a scorer said, and what it used of models."""
        if isinstance(outcome, Failure):
            self.scored.failures.append(outcome)
        metadata = self._metadata
        if slot.score_metadata and isinstance(outcome, Score):
            stated = outcome.metadata or {}
            read = {key: stated[key] for key in slot.score_metadata if key in stated}
            metadata = {**(metadata or {}), SCORE_METADATA: read}
        self.scored.events.append(
            _event(self.completion, slot.index, name, slot.fingerprint, outcome, duration, metadata, usage)
        )


def failed(completion: Completion, failure: Failure) -> Scored:
    """Say that none of a completion's scorers could be tried: one failure for each that it may ask for."""
    try:
        specs = loads(completion.scorers)
    except JsonTextError:
        specs = None
    names: set[str] = set()
    emitted = []
    for index, spec in enumerate(specs[:MOST_SCORERS] if isinstance(specs, list) else [None]):
        name = unique_name(_spec_name(spec), names)
        names.add(name)
        emitted.append(_event(completion, index, name, name, failure, 0.0, None))
    return Scored(emitted, [failure])


def _spec_name(spec: object) -> str:
    name = spec.get("name") if isinstance(spec, Mapping) else None
    # Half of a surrogate pair would fit into no event.
    return name.encode(errors="backslashreplace").decode() if isinstance(name, str) else "scorer"


def _state(completion: Completion) -> TaskState:
    members = completion.members
    if not completion.append and "scores" in members:
        members = members.without("scores")
    return TaskState.from_sample(members, model=completion.model, multiple_correct=completion.multiple_correct)


def _names(completion: Completion, scorers: ScorerSet) -> Iterator[tuple[Slot, str]]:
    """Give each scorer its name on this sample, free among the scores that stay."""
    existing = completion.members.get("scores") if completion.append else None
    if not existing or existing == b"null":
        for slot in scorers.slots:
            yield slot, slot.name
        return
    taken = set(split_object(existing))
    for slot in scorers.slots:
        name = unique_name(unqualified(slot.spec.name), taken)
        taken.add(name)
        yield slot, name


def _event(
    completion: Completion,
    index: int,
    name: str,
    fingerprint: str,
    outcome: Score | Failure | None,
    duration: float,
    metadata: dict[str, object] | None,
    usage: dict[str, Any] | None = None,
) -> Emitted:
    identity = (completion.eval_id, completion.run_id, completion.sample_id, completion.epoch)
    error = completion.members.get("error")
    errored = error is not None and error != b"null"
    emitted_id, record = score_id(*identity, fingerprint), completion.record or None
    if metadata is None and usage is None and isinstance(outcome, Score):
        plain = plain_score(identity, emitted_id, name, index, outcome, duration, errored, record, completion.source)
        if plain is not None:
            return plain
    return ScoreEmitted(
        eval_id=completion.eval_id,
        run_id=completion.run_id,
        score_id=emitted_id,
        sample_id=completion.sample_id,
        epoch=completion.epoch,
        scorer=name,
        slot=index,
        score=outcome if isinstance(outcome, Score) else None,
        error=outcome.told() if isinstance(outcome, Failure) else None,
        duration=duration,
        usage=usage,
        metadata=metadata,
        errored=errored,
        record=record,
        source=completion.source,
    )
