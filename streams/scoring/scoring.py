"""Scoring one completion with each of its scorers; a scorer's failure is an outcome like any other."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping

from evalstream.scorers.jsontext import JsonTextError, loads, split_object
from evalstream.scorers.registry import unqualified
from evalstream.scorers.run import run_now
from evalstream.scorers.score import Score
from evalstream.scorers.state import TaskState

from ..events import ScoreEmitted, ScoreFailure, score_id
from .completion import Completion
from .scorer_set import ScorerSet, ScorerSets, Slot, unique_name
from .scorer_thread import ScorerThread

__all__ = ["Scoring", "failed"]


class Scoring:
    """Scores completions; one per worker.

    Parameters
    ----------
    timeout
        Seconds that a scorer may take for one sample.
    """

    def __init__(self, timeout: float) -> None:
        self._sets = ScorerSets()
        self._thread = ScorerThread(timeout)

    def scorers(self, completion: Completion) -> ScorerSet | ScoreFailure:
        """Find a completion's scorers, or say why it cannot be scored here."""
        try:
            return self._sets.get(completion.scorers)
        except Exception as error:  # noqa: BLE001 (an event may ask for anything; its sample has failed)
            return _failure(error)

    def score_now(self, completion: Completion, scorers: ScorerSet) -> list[ScoreEmitted]:
        """Score with scorers that never wait (`ScorerSet.immediate`)."""
        state, emitted = _state(completion), []
        metadata = scorers.metadata(completion.members)
        for slot, name in _names(completion, scorers):
            start = time.perf_counter()
            try:
                outcome: Score | ScoreFailure | None = run_now(slot.scorer(state, state.target))
            except Exception as error:  # noqa: BLE001 (a scorer may raise anything; its sample has failed)
                outcome = _failure(error)
            duration = time.perf_counter() - start
            emitted.append(_event(completion, slot.index, name, slot.fingerprint, outcome, duration, metadata))
        return emitted

    async def score(self, completion: Completion, scorers: ScorerSet) -> list[ScoreEmitted]:
        """Score with any scorers; those that may wait run on the scorers' own thread, one after the other."""
        state, emitted = _state(completion), []
        metadata = scorers.metadata(completion.members)
        state.scores = dict(state.scores or {})
        for slot, name in _names(completion, scorers):
            start = time.perf_counter()
            try:
                outcome: Score | ScoreFailure | None = await self._score_one(slot, name, state)
            except TimeoutError as error:
                outcome = _failure(error, "timeout")
            except Exception as error:  # noqa: BLE001 (a scorer may raise anything; its sample has failed)
                outcome = _failure(error)
            if isinstance(outcome, Score):
                state.scores[name] = outcome
            duration = time.perf_counter() - start
            emitted.append(_event(completion, slot.index, name, slot.fingerprint, outcome, duration, metadata))
        return emitted

    async def _score_one(self, slot: Slot, name: str, state: TaskState) -> Score | None:
        if slot.immediate:
            return run_now(slot.scorer(state, state.target))

        async def call() -> Score | None:
            scoring = slot.scorer(state, state.target)
            if not inspect.isawaitable(scoring):
                raise TypeError(f"the scorer {slot.name!r} does not wait for anything: write `async def score(...)`")
            return await scoring

        score = await self._thread.run(call)
        if score is not None and not isinstance(score, Score):
            raise TypeError(f"the scorer {slot.name!r} returned {type(score).__name__}, not a Score")
        if name in (state.scores or {}):
            raise RuntimeError(f"Scorer {slot.name} has modified state.scores")
        return score

    def stop(self) -> None:
        """End the scorers' thread."""
        self._thread.stop()


def failed(completion: Completion, failure: ScoreFailure) -> list[ScoreEmitted]:
    """Say that none of a completion's scorers could be found: one failure for each that it asked for."""
    try:
        specs = loads(completion.scorers)
    except JsonTextError:
        specs = None
    names: set[str] = set()
    emitted = []
    for index, spec in enumerate(specs if isinstance(specs, list) else [None]):
        name = unique_name(_spec_name(spec), names)
        names.add(name)
        emitted.append(_event(completion, index, name, name, failure, 0.0, None))
    return emitted


def _spec_name(spec: object) -> str:
    name = spec.get("name") if isinstance(spec, Mapping) else None
    return name if isinstance(name, str) else "scorer"


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
    outcome: Score | ScoreFailure | None,
    duration: float,
    metadata: dict[str, object] | None,
) -> ScoreEmitted:
    identity = (completion.eval_id, completion.run_id, completion.sample_id, completion.epoch)
    error = completion.members.get("error")
    return ScoreEmitted(
        eval_id=completion.eval_id,
        run_id=completion.run_id,
        score_id=score_id(*identity, fingerprint),
        sample_id=completion.sample_id,
        epoch=completion.epoch,
        scorer=name,
        slot=index,
        score=outcome if isinstance(outcome, Score) else None,
        error=outcome if isinstance(outcome, ScoreFailure) else None,
        duration=duration,
        metadata=metadata,
        errored=error is not None and error != b"null",
        source=completion.source,
    )


def _failure(error: Exception, stage: str = "score") -> ScoreFailure:
    return ScoreFailure.model_validate(
        {"type": type(error).__name__, "message": str(error) or type(error).__name__, "stage": stage}
    )
