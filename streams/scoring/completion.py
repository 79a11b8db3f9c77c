"""Reading a record of ``completions``: the few fields that scoring needs, and the sample as raw members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from evalstream.scorers.jsontext import JsonTextError, join_object, loads, split_object
from evalstream.scorers.sample import SampleMembers

from ..claims import ClaimStores
from ..errors import CompletionError, StreamsError
from ..events import SampleCompleted, Source

__all__ = ["Completion", "read_completion", "read_members"]


@dataclass(frozen=True)
class Completion:
    """One sample of one epoch that is to be scored.

    ``members`` are the sample's top-level members as JSON texts; ``scorers`` is the event's own text of that field.
    """

    eval_id: str
    run_id: str
    sample_id: str | int
    epoch: int
    members: Mapping[str, bytes]
    scorers: bytes
    append: bool
    model: str
    multiple_correct: bool | None
    source: Source


def read_completion(value: bytes, source: Source, claims: ClaimStores) -> Completion:
    """Read one `SampleCompleted`.

    Raises
    ------
    CompletionError
        The record is not such an event, or its sample cannot be read. The error knows the eval and run if the record does.
    """
    envelope, members, scorers = _open(value, claims)
    sample = SampleMembers(members)
    try:
        sample_id, epoch = sample.sample_id(), sample.epoch()
    except ValueError as error:
        raise CompletionError(str(error), envelope.eval_id, envelope.run_id, _label(envelope)) from error
    return Completion(
        envelope.eval_id, envelope.run_id, sample_id, epoch, members, scorers,
        envelope.append, envelope.model, envelope.multiple_correct, source,
    )  # fmt: skip


def read_members(value: bytes, claims: ClaimStores) -> dict[str, bytes]:
    """Read just the sample of a `SampleCompleted`, as raw members; errors as in `read_completion`."""
    return _open(value, claims)[1]


def _open(value: bytes, claims: ClaimStores) -> tuple[SampleCompleted, dict[str, bytes], bytes]:
    try:
        fields = split_object(value)
        sample = fields.pop("sample", b"null")
        scorers = fields.pop("scorers", b"[]")
        envelope = SampleCompleted.model_validate_json(join_object(fields))
    except (JsonTextError, ValidationError) as error:
        raise CompletionError(f"not a SampleCompleted event: {_short(error)}", *_whose(value)) from error
    if envelope.unreadable is not None:
        raise CompletionError(envelope.unreadable, envelope.eval_id, envelope.run_id)
    try:
        if envelope.claim is not None:
            sample = claims.fetch(envelope.claim)
        return envelope, split_object(sample), scorers
    except (StreamsError, ValueError, LookupError, OSError) as error:
        raise CompletionError(str(error), envelope.eval_id, envelope.run_id, _label(envelope)) from error


def _label(envelope: SampleCompleted) -> str:
    return envelope.claim.key if envelope.claim else ""


def _whose(value: bytes) -> tuple[str, str]:
    """Tell eval and run of a record that is otherwise wrong, so that the right ledger counts it."""
    try:
        fields = loads(value)
    except JsonTextError:
        return "", ""
    if not isinstance(fields, dict):
        return "", ""
    eval_id, run_id = fields.get("eval_id"), fields.get("run_id", "live")
    return (eval_id, run_id) if isinstance(eval_id, str) and isinstance(run_id, str) else ("", "")


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return str(error)
